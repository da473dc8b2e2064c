"""nanoGPT, from a checkout of the user's: its model.py as it is, and a loop as in its train.py.

Runs in an environment that has PyTorch and numpy, and nothing of ours but this package.
"""

import contextlib
import dataclasses
import math
import pathlib
import statistics
import sys
import time

import numpy as np
import torch

from benchmarks.arms.characters import WINDOW, split
from benchmarks.measuring import repeat, serve
from benchmarks.shapes import SHAPES

WARM_UP = 16  # tokens, or updates: after these, torch.compile has seen what changes

# The command that nanoGPT's README gives for a small computer, and the defaults of its train.py.
ITERATIONS, RATE, LAST_RATE, RATE_WARM_UP = 2000, 1e-3, 1e-4, 100
BATCH_SIZE = 12


def _model(checkout, shape, compiled, seed=1337):
    sys.path.insert(0, checkout)
    from model import GPT, GPTConfig

    torch.manual_seed(seed)
    sizes = {"n_layer": shape.num_blocks, "n_head": shape.num_heads, "n_embd": shape.embed_dim}
    model = GPT(GPTConfig(**sizes, block_size=shape.context_length, vocab_size=shape.vocabulary_size, bias=False))
    if compiled:
        model.compile()  # in place: `torch.compile(model).generate` would run the model that is not compiled
    return model


def generation(checkout, shape, prompts, new_tokens, top_k, budget, compiled=False):
    """New text with the model's own `generate`, which reads the whole text again for each token."""
    model = _model(checkout, SHAPES[shape], compiled).eval()
    ids = torch.ones((prompts, 1), dtype=torch.long)

    def write(count):
        return model.generate(ids, count, top_k=top_k)

    return repeat(lambda: write(new_tokens), budget, warm_up=lambda: write(min(new_tokens, WARM_UP)))


def lengths(checkout, shape, counts, top_k, budget):
    """Seconds of one text for each number of new tokens."""
    model = _model(checkout, SHAPES[shape], compiled=False).eval()
    ids = torch.ones((1, 1), dtype=torch.long)
    results = [repeat(lambda count=count: model.generate(ids, count, top_k=top_k), budget) for count in counts]
    points = [[count, result["seconds"]] for count, result in zip(counts, results, strict=True)]
    return {**results[-1], "points": points}


class _Training:
    """nanoGPT's training: its optimizer, its batches, its order of operations."""

    def __init__(self, model, ids, batch_size, autocast=None):
        self.model, self.ids, self.batch_size = model, ids.astype("uint16"), batch_size
        self.length = model.config.block_size
        self.optimizer = model.configure_optimizers(0.1, RATE, (0.9, 0.99), "cpu")
        self.autocast = (
            contextlib.nullcontext() if autocast is None else torch.autocast("cpu", getattr(torch, autocast))
        )

    def batch(self):
        starts = torch.randint(len(self.ids) - self.length, (self.batch_size,))
        rows = [torch.from_numpy(self.ids[start : start + self.length + 1].astype(np.int64)) for start in starts]
        rows = torch.stack(rows)
        return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()

    def step(self, rate=RATE):
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        x, y = self.batch()
        with self.autocast:
            _, loss = self.model(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


def training(checkout, shape, batch_size, steps, compiled=False, autocast=None):
    """Training steps of random ids."""
    shape = SHAPES[shape]
    ids = np.random.default_rng(0).integers(0, shape.vocabulary_size, 100_000)
    run = _Training(_model(checkout, shape, compiled), ids, batch_size, autocast)
    for _ in range(3):
        run.step()
    seconds, began_cpu = [], time.process_time()
    for _ in range(steps):
        began = time.perf_counter()
        run.step()
        seconds.append(time.perf_counter() - began)
    cpu = (time.process_time() - began_cpu) / steps
    return {"seconds": statistics.median(seconds), "cpu_seconds": cpu}


def loss(checkout, text, seed, iterations=ITERATIONS):
    """nanoGPT's small character model to its end: seconds of its training, and the loss of all validation text.

    Its own estimates of the loss during the run are left out, so only the training counts.
    """
    began, began_cpu = time.perf_counter(), time.process_time()
    train, validation, characters = split(text)
    shape = SHAPES["small"]
    if len(characters) > shape.vocabulary_size:
        return {"skipped": f"The text has {len(characters)} characters; this run is for {shape.vocabulary_size}."}
    model = _model(checkout, shape, compiled=False, seed=seed)
    run = _Training(model, train, BATCH_SIZE)
    for iteration in range(iterations):
        run.step(_rate(iteration, iterations))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "loss": _validation_loss(model, validation)}


def texts(checkout, train, test, minutes, seed):
    """nanoGPT's small character model for some minutes on a text, its schedule as long as these allow.

    A character of the test text that training does not have costs the bits of choosing it among all of Unicode.
    """
    began, began_cpu = time.perf_counter(), time.process_time()
    parts = [pathlib.Path(path).read_text(encoding="utf-8") for path in (train, test)]
    characters = sorted(set(parts[0]))
    ids = {character: number for number, character in enumerate(characters)}
    unknown = len(characters)
    seen, held_out = (np.array([ids.get(one, unknown) for one in part]) for part in parts)
    shape = dataclasses.replace(SHAPES["small"], vocabulary_size=len(characters) + 1)
    run = _Training(_model(checkout, shape, compiled=False, seed=1337 + seed), seen, BATCH_SIZE)
    for _ in range(WARM_UP):
        run.step(0.0)
    measured = time.perf_counter()
    for _ in range(3 * WARM_UP):
        run.step(0.0)
    pace = (time.perf_counter() - measured) / (3 * WARM_UP)
    iterations = int((60 * minutes - (time.perf_counter() - began)) / pace)
    for iteration in range(iterations):
        run.step(_rate(iteration, iterations))
        if time.perf_counter() - began > 60 * minutes:
            break
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    bits = _strided_bits(run.model.eval(), held_out) + math.log2(0x110000) * (held_out == unknown).sum()
    written = run.model.generate(torch.tensor([[int(seen[0])]]), 300, temperature=0.8, top_k=200)[0].tolist()
    sample = "".join(characters[one] for one in written if one < unknown)
    result = {"bits_per_character": float(bits / (len(held_out) - 1)), "seconds": seconds, "sample": sample}
    return {"nanoGPT": {**result, "cpu_seconds": cpu_seconds, "iterations": iteration + 1}}


@torch.no_grad()
def _strided_bits(model, ids):
    """Bits of all ids but the first, each predicted from at least half a window where there is so much before it."""
    ids, total, stride = torch.from_numpy(ids.astype(np.int64)), 0.0, WINDOW // 2
    for start in range(0, max(1, len(ids) - 1 - stride), stride):
        x, y = ids[start : start + WINDOW][None], ids[start + 1 : start + WINDOW + 1][None]
        x = x[:, : y.shape[1]]
        logits = model(x, y)[0]
        nats = torch.nn.functional.cross_entropy(logits[0], y[0], reduction="none")
        total += nats[0 if start == 0 else WINDOW - stride :].sum().item()
    return total / math.log(2)


def _rate(iteration, iterations):
    """nanoGPT's learning rate: a line up, then half a cosine down to a tenth."""
    if iteration < RATE_WARM_UP:
        return RATE * (iteration + 1) / (RATE_WARM_UP + 1)
    done = (iteration - RATE_WARM_UP) / max(1, iterations - RATE_WARM_UP)
    return LAST_RATE + 0.5 * (1 + math.cos(math.pi * done)) * (RATE - LAST_RATE)


@torch.no_grad()
def _validation_loss(model, ids):
    """Mean nats of every id but the first, each predicted inside windows that follow each other."""
    model.eval()
    ids = torch.from_numpy(ids.astype(np.int64))
    nats, whole = 0.0, (len(ids) - 1) // WINDOW * WINDOW
    rows = list(zip(ids[:whole].view(-1, WINDOW).split(64), ids[1 : whole + 1].view(-1, WINDOW).split(64), strict=True))
    if whole < len(ids) - 1:
        rows.append((ids[whole:-1][None], ids[whole + 1 :][None]))  # the last window is shorter
    for x, y in rows:
        nats += model(x, y)[1].item() * y.numel()
    return nats / (len(ids) - 1)


if __name__ == "__main__":
    serve(generation, lengths, training, loss, texts)
