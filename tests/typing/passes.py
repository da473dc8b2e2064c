"""What people write: a type checker has nothing to say about it. Checked by test_types.py, never run."""

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import tinylm_keras as tlm


def train_and_write() -> str:
    model: tlm.LanguageModel = tlm.train("my.txt", preset="tinylm", out="runs/mine", epochs=70, learning_rate=0.001)
    model = tlm.train(["one text", "another"], steps=100, end_token=None, norm="pre", jit_compile=False, progress=None)
    model = tlm.train(pathlib.Path("my.txt"), init=model, minutes=3, column=2)
    model = tlm.train(resume="runs/mine")
    model.save(pathlib.Path("tiny.keras"))
    return tlm.load_model("tiny.keras").generate("Once", max_new_tokens=20, temperature=0.8, top_k=40, stop=["."])


def write_in_every_form(model: tlm.LanguageModel, tokenizer: tlm.WhitespaceTokenizer) -> None:
    text: str = model.generate("I use", seed=0, sampler=tlm.Sampler(temperature=0.5))
    texts: list[str] = model.generate(["I use", "Arch"], 8)
    ids: np.ndarray = model.generate([2, 3, 4])
    ids = model.generate(tokenizer.tokenize("I use"))
    rows: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = model.generate([[2, 3], [4, 5]])
    rows = model.generate(tokenizer.tokenize(["I use", "Arch"]))
    pieces: Iterator[str] = model.stream("I use", max_new_tokens=8, top_p=0.9)
    print(text, texts, ids, rows, "".join(pieces), float(model.score("I use Arch").sum()), model.score(ids).mean())


def build_and_fit() -> dict[str, list[float]]:
    texts = tlm.data.read("my.txt", separator="\n")
    train, validation = tlm.data.split(texts, 0.1, seed=0)
    tokenizer = tlm.WordPunctTokenizer(max_tokens=500, end_token="<end>").adapt(train)
    known: int = tokenizer.vocabulary_size() + len(tokenizer.get_vocabulary())
    sizes: dict[str, Any] = {"embed_dim": 32, "num_heads": 4}
    model = tlm.MiniLM(tokenizer=tokenizer, context_length=20, norm="pre", name="mine", dtype="mixed_bfloat16")
    others = [tlm.RotaryLM(known, **sizes), tlm.BigramLM(known), tlm.AverageLM(known), tlm.MLPLM(known, window=4)]
    others.append(tlm.NGramLM.count(train, tokenizer, order="auto", validation=validation, context_length=20))
    model.compile(jit_compile=False)
    best = tlm.callbacks.BestModel("best.keras")
    show = tlm.callbacks.SampleText(every=5, prompts=["I use"], out=print)
    evaluated = tlm.data.lines(validation, tokenizer, context_length=20)
    model.fit(tlm.data.lines(train, tokenizer, context_length=20), validation_data=evaluated, callbacks=[best, show])
    stream = tlm.data.concatenate(train, tokenizer)
    history = model.fit(tlm.data.windows(stream, context_length=20, batch_size=4, steps=10), epochs=2)
    x, y = evaluated.batch(0)
    print(x.shape, y.shape, len(others), model.summary(), evaluated.bits_per_character(2.0))
    return history.history


def use_the_parts() -> None:
    block = tlm.layers.TransformerBlock(embed_dim=8, num_heads=2, feed_forward_dim=16, norm="pre", name="first")
    print(block(np.ones((1, 5, 8))), tlm.metrics.Perplexity(pad_id=0), tlm.presets.get("tinylm").context_length)
    recipe = tlm.presets.override(tlm.presets.get("fast"), steps=20)
    report = tlm.stories.report(tlm.data.stories.write(20, seed=1))
    token_files = tlm.data.prepare("my.txt", tlm.CharacterTokenizer(), "token_files", column="text")
    tlm.train(data=token_files, preset="fast").generate("Once")
    found = tlm.evaluation.evaluate(tlm.load_model("tiny.keras"), ["one text"])
    print(
        recipe.to_json(),
        report.consistent,
        found.perplexity,
        [result.loss for result in tlm.compare("stories", steps=10)],
    )
