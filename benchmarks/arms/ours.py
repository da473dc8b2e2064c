"""Our model, whole and with each optimization off."""

import itertools
import tempfile
import time

import keras
import numpy as np

from benchmarks.arms.characters import WINDOW, split
from benchmarks.arms.clock import Clock
from benchmarks.arms.preset import build
from benchmarks.measuring import repeat, serve
from benchmarks.shapes import SHAPES
from tinylm_keras import data, runtime
from tinylm_keras.baselines import MLPLM, MixtureLM, NGramLM
from tinylm_keras.generation import loop
from tinylm_keras.models import LanguageModel, MiniLM, RotaryLM


class Uncached(MiniLM):
    """The same model with the default cache of the base class: the ids, read again for each token."""

    decode_step = LanguageModel.decode_step
    empty_cache = LanguageModel.empty_cache


def _model(shape, kind=MiniLM, **arguments):
    names = ("vocabulary_size", "context_length", "embed_dim", "num_heads", "feed_forward_dim", "num_blocks")
    sizes = {name: getattr(SHAPES[shape], name) for name in names}
    return kind(**sizes, dropout=0.0, norm="pre", activation="gelu", **arguments)


def _generator(shape, prompts, top_k, cache=True, xla=True, quantize=None):
    """A function that writes `n` new tokens after each of `prompts` prompts of one token, each time with a new seed."""
    model = _model(shape, MiniLM if cache else Uncached)
    if not xla:
        loop.compiled = _without_xla
    ids, seeds = np.ones((prompts, 1), "int32"), itertools.count()
    return lambda n: model.generate(ids, max_new_tokens=n, seed=next(seeds), top_k=top_k, quantize=quantize)


def _without_xla(function, variables):
    import tensorflow as tf

    return tf.function(function, autograph=False)


def generation(shape, prompts, new_tokens, budget, **settings):
    """New text with `model.generate`."""
    write = _generator(shape, prompts, **settings)
    return repeat(lambda: write(new_tokens), budget)


def lengths(shape, counts, budget, **settings):
    """Seconds of one text for each number of new tokens."""
    write = _generator(shape, 1, **settings)
    results = [repeat(lambda count=count: write(count), budget) for count in counts]
    points = [[count, result["seconds"]] for count, result in zip(counts, results, strict=True)]
    return {**results[-1], "points": points}


def training(shape, batch_size, steps, dtype="float32", xla=True, steps_per_execution=1):
    """Training steps with `model.fit`."""
    model = _model(shape, dtype=dtype)
    model.compile(jit_compile=xla, steps_per_execution=steps_per_execution)
    ids = np.random.default_rng(0).integers(0, model.vocabulary_size, 100_000)
    batches = data.windows(ids, context_length=model.context_length, batch_size=batch_size, steps=steps)
    clock = Clock(steps)
    model.fit(batches, epochs=clock.epochs, callbacks=[clock], verbose=0)
    return clock.result()


def file(path, shape, optimizer=False):
    """Write an untrained model with a tokenizer of 65 ids, for the jobs `startup` and `loading`."""
    from tinylm_keras.tokenizers import WhitespaceTokenizer

    words = [f"w{number}" for number in range(SHAPES[shape].vocabulary_size - 2)]
    model = _model(shape, tokenizer=WhitespaceTokenizer(vocabulary=words))
    if optimizer:
        model.compile()
    model.save(path)
    return {"parameters": model.count_params()}


def generation_of_file(path, prompts, new_tokens, budget):
    """New text with `model.generate` of a model that was saved."""
    import tinylm_keras

    model, seeds = tinylm_keras.load_model(path), itertools.count()
    return repeat(lambda: model.generate([[2]] * prompts, new_tokens, seed=next(seeds)), budget)


def same_texts(prompts, new_tokens):
    """How many seeded texts both engines write alike, by model."""
    began, same = time.perf_counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model in _five_models():
            model.save(f"{folder}/{name}.keras")
            ours, theirs = (
                one.generate([[2 + i % 50] for i in range(prompts)], new_tokens, seed=1, temperature=0.8)
                for one in (runtime.load(f"{folder}/{name}.keras"), model)
            )
            same[name] = sum(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time(), "same": same}


def _five_models():
    """Pairs of a name and a model with weights by chance, large enough that all of them matter."""
    generator, ids = np.random.default_rng(0), np.random.default_rng(1).integers(1, 65, 20_000)
    sizes = {"vocabulary_size": 65, "context_length": 48, "embed_dim": 64, "num_heads": 4, "feed_forward_dim": 160}
    counts = NGramLM.count([ids], vocabulary_size=65, order=4, context_length=48)
    for name, model in (
        ("post-norm", MiniLM(**sizes, num_blocks=3)),
        ("pre-norm", MiniLM(**sizes, num_blocks=3, norm="pre", activation="gelu")),
        ("rotary", RotaryLM(**sizes, num_blocks=3)),
        ("mlp", MLPLM(vocabulary_size=65, context_length=48)),
        ("mixture", MixtureLM(RotaryLM(**sizes, num_blocks=2), counts)),
    ):
        for weight in model.trainable_variables:
            weight.assign(weight + generator.normal(0, 0.1, weight.shape))
        yield name, model


def loss(text, preset, target, evaluate_every, seed, settings=None):
    """Train a preset on the characters of a text until the whole validation part costs no more than `target`.

    The clock starts here, after the imports: reading, building, compiling, training and all evaluations count.
    """
    from tinylm_keras.recipe import presets

    began, began_cpu = time.perf_counter(), time.process_time()
    if preset not in presets.names():
        return {"skipped": f"There is no preset {preset!r}; there are {', '.join(presets.names())}."}
    changes = {**(settings or {}), "seed": seed}
    if evaluate_every is not None:
        changes["evaluate_every"] = evaluate_every
    recipe = presets.override(presets.get(preset), **changes)
    train, validation, characters = split(text)
    pad_id = len(characters)  # fills the last window; the table has a row for it, as with a tokenizer
    model, run_plan = build(recipe, pad_id + 1, pad_id)
    # The windows that nanoGPT is evaluated on, whatever the context of the preset.
    evaluated = data.windows(validation, context_length=WINDOW, batch_size=256, pad_id=pad_id)
    watch = _Watch(target, began, run_plan.evaluate_every)
    batches = data.windows(
        train,
        context_length=recipe.context_length,
        batch_size=recipe.batch_size,
        steps=run_plan.steps * run_plan.gradient_accumulation_steps,
        seed=seed,
    )
    model.fit(
        batches,
        validation_data=evaluated,
        steps_per_epoch=run_plan.evaluate_every * run_plan.gradient_accumulation_steps,
        epochs=run_plan.evaluations,
        callbacks=[watch],
        verbose=0,
    )
    if watch.reached is None:
        return {"skipped": f"{preset} did not reach {target:.4f}; its best was {min(watch.losses):.4f}."}
    return {**watch.reached, "cpu_seconds": time.process_time() - began_cpu, "losses": watch.losses}


class _Watch(keras.callbacks.Callback):
    """Stops at the first evaluation that is good enough."""

    def __init__(self, target, began, period):
        super().__init__()
        self.target, self.began, self.period = target, began, period
        self.losses, self.reached = [], None

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["val_loss"])
        if logs["val_loss"] <= self.target:
            seconds = time.perf_counter() - self.began
            self.reached = {"seconds": seconds, "loss": logs["val_loss"], "steps": (epoch + 1) * self.period}
            self.model.stop_training = True


if __name__ == "__main__":
    serve(generation, generation_of_file, same_texts, lengths, training, file, loss)
