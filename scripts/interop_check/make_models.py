"""Models, exported in every way, and beside each what Keras makes of them: `make_models.py FOLDER [NAME…]`."""

import json
import pathlib
import sys

import hypothesis
import numpy as np
from hypothesis import strategies

import tinylm_keras as tlm

SIZES = {"context_length": 48, "embed_dim": 64, "num_heads": 4, "feed_forward_dim": 160, "num_blocks": 3}
PROMPTS = ["Once, a", "One day, Anna", "The", "A small dog", "Ben"]
MORE = ["The cat's mat: \"I've 1,000 well-made (red) mats!\"", "déjà vu\n\tnaïve 🙂 猫"]


def learned():
    """The built-in stories, on which the tokenizers learn."""
    return [*tlm.stories.write(300, seed=0), *MORE]


def tokenizers():
    texts = learned()
    return {
        "whitespace": tlm.WhitespaceTokenizer(end_token="<end>").adapt(texts),
        "word_punct": tlm.WordPunctTokenizer(end_token="<end>").adapt(texts),
        "character": tlm.CharacterTokenizer(end_token="<end>").adapt(texts),
        "character_without_end": tlm.CharacterTokenizer().adapt(texts),
        "byte_pair": tlm.BytePairTokenizer(max_tokens=500, end_token="<|endoftext|>").adapt(texts),
    }


def shaken(model, deviation=0.1):
    """A model with weights by chance, large enough that everything matters."""
    numbers = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(weight + numbers.normal(0, deviation, weight.shape))
    return model


def random_models():
    known = tokenizers()
    names = list(known)
    for index, activation in enumerate(("relu", "gelu", "gelu_tanh", "silu")):
        tokenizer = known[names[index]]
        for norm in ("pre", "post"):
            for bias in (True, False):
                settings = {"norm": norm, "activation": activation, "head_bias": bias}
                yield (
                    f"{norm}_{activation}{'_bias' * bias}",
                    lambda a=(tokenizer, settings): shaken(tlm.MiniLM(tokenizer=a[0], **SIZES, **a[1])),
                )
    for name in ("character_without_end", "byte_pair"):
        yield (
            f"rotary_{name}",
            lambda name=name: shaken(tlm.RotaryLM(tokenizer=known[name], logit_soft_cap=None, **SIZES)),
        )


def trained_models():
    steps = {"steps": 300, "evaluate_every": 300, "progress": None}
    yield "trained_stories", lambda: tlm.train("stories", preset="stories", **steps)
    yield (
        "trained_byte_pair",
        lambda: tlm.train(
            "stories", preset="stories", tokenizer="byte-pair", max_tokens=600, activation="gelu_tanh", **steps
        ),
    )
    yield "trained_character", lambda: tlm.train("stories", preset="shakespeare-char-small", **steps)


def preset_models():
    """The model of every preset, untrained, over a small vocabulary."""
    from tinylm_keras.recipe import registry

    for name in tlm.presets.names():
        recipe = tlm.presets.get(name)
        yield (
            f"preset_{name}",
            lambda recipe=recipe: shaken(
                registry.MODELS[recipe.model].build(recipe, vocabulary_size=60, pad_id=0), 0.03
            ),
        )


def hard_texts(count):
    """Texts that a fuzzer thinks of, and the same spelled with control tokens."""
    found = []
    pieces = strategies.sampled_from(["<end>", "<|endoftext|>", "[PAD ]", "[UNK]", "the cat", " ", "\n", "'s", "  "])
    text = strategies.one_of(strategies.text(max_size=60), strategies.lists(pieces, max_size=8).map("".join))

    @hypothesis.settings(max_examples=3 * count, database=None, deadline=None, derandomize=True)
    @hypothesis.given(text)
    def gather(one):
        if len(found) < count and "\0" not in one:
            found.append(one)

    gather()
    return found


def log_probabilities(model, ids, never):
    """Of each id but the first, among the ids that may be written."""
    logits = np.array(model(np.array([ids[:-1]], "int32")))[0].astype("float64")
    logits[:, [token for token in never if token is not None]] = -np.inf
    chosen = logits[np.arange(len(ids) - 1), ids[1:]]
    found = chosen - np.logaddexp.reduce(logits, axis=-1)
    return np.where(np.isfinite(found), found, -1e9).tolist()  # a prompt may hold what is never written


def expected(model):
    """What Keras makes of ids, texts and prompts."""
    numbers = np.random.default_rng(1)
    ids = numbers.integers(2, model.vocabulary_size - 2, (2, model.context_length)).astype("int32")
    facts = {"context_length": model.context_length, "vocabulary_size": model.vocabulary_size, "pad_id": model.pad_id}
    arrays = {"ids": ids, "logits": np.array(model(ids))}
    tokenizer = model.tokenizer
    if tokenizer is None:
        return facts, arrays
    texts = hard_texts(1000)
    facts |= {"end_id": tokenizer.end_id, "unk_id": tokenizer.unk_id, "class": type(tokenizer).__name__}
    facts |= {"texts": texts, "ids": [one.tolist() for one in tokenizer.tokenize(texts)]}
    start = [] if tokenizer.end_id is None else [tokenizer.end_id]
    facts["greedy"] = []
    for prompt in PROMPTS:
        prompt_ids = np.array([*start, *tokenizer.tokenize(prompt)], "int32")
        new = min(40, model.context_length - len(prompt_ids))
        written = model.generate(prompt_ids, temperature=0, top_k=None, max_new_tokens=new).tolist()
        log_p = log_probabilities(model, written, [model.pad_id, tokenizer.unk_id])
        text = tokenizer.detokenize(written)
        facts["greedy"].append(
            {"prompt": prompt, "prompt_ids": prompt_ids.tolist(), "ids": written, "text": text, "log_p": log_p}
        )
    return facts, arrays


def main(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (*random_models(), *trained_models(), *preset_models()):
        if names and not any(name.startswith(one) for one in names):
            continue
        if (folder / f"{name}.json").exists():
            continue
        model = make()
        facts, arrays = expected(model)
        model.save(folder / f"{name}.keras")
        kinds = ["huggingface", "gguf"] if model.tokenizer is not None else ["onnx", "litert", "saved-model"]
        refused = {}
        for kind in kinds:
            suffix = {"huggingface": "", "gguf": ".gguf", "onnx": ".onnx", "litert": ".tflite", "saved-model": "_saved"}
            try:
                tlm.interop.export(model, folder / f"{name}{suffix[kind]}", kind, overwrite=True)
            except ValueError as error:
                refused[kind] = str(error)
        np.savez(folder / f"{name}.npz", **arrays)
        (folder / f"{name}.json").write_text(json.dumps(facts | {"refused": refused}), encoding="utf-8")
        print(name, refused or "", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
