"""The programs in examples/ run, and the one that imports nothing of the package computes what the package computes."""

import ast
import importlib.util
import pathlib

import numpy as np
import pytest

from tinylm_keras.models import MiniLM

FOLDER = pathlib.Path(__file__).parents[2] / "examples"


def example(name):
    """The module of one example, as if it were imported."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gpt_in_one_file_imports_keras_and_numpy_alone():
    tree = ast.parse((FOLDER / "gpt_in_one_file.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} == {"argparse", "sys", "keras", "numpy"}


def test_the_gpt_in_one_file_gives_the_logits_of_mini_lm_from_the_weights_of_mini_lm():
    generator = np.random.default_rng(7)
    sizes = {"embed_dim": 24, "num_heads": 3, "feed_forward_dim": 40, "num_blocks": 3}
    ours = MiniLM(vocabulary_size=30, context_length=12, norm="pre", activation="gelu_tanh", **sizes)
    exact = MiniLM(vocabulary_size=30, context_length=12, norm="pre", activation="gelu", **sizes)
    theirs = example("gpt_in_one_file").GPT(30, 12, **sizes)
    token_ids = generator.integers(0, 30, (2, 12)).astype("int32")
    theirs(token_ids)  # makes the weights

    for variable in exact.trainable_variables:
        variable.assign(generator.normal(0.1, 0.4, variable.shape))
    ours.set_weights(exact.get_weights())
    theirs.token_embedding.set_weights(exact.embedding.token_embedding.get_weights())
    theirs.position_embedding.set_weights(exact.embedding.position_embedding.get_weights())
    for block, one in zip(exact.blocks, theirs.blocks, strict=True):
        for name in ("attention_norm", "feed_forward_norm", "expand", "contract"):
            getattr(one, name).set_weights(getattr(block, name).get_weights())
        for name in ("query_key_value", "projection"):
            getattr(one.attention, name).set_weights(getattr(block.attention, name).get_weights())
    theirs.final_norm.set_weights(exact.final_norm.get_weights())
    theirs.head.set_weights(exact.head.get_weights())

    expected, logits = np.array(exact(token_ids)), np.array(theirs(token_ids))
    assert np.abs(expected).max() > 1
    assert np.abs(logits - expected).max() <= 1e-5 * np.abs(expected).max()
    assert np.abs(logits - np.array(ours(token_ids))).max() > 1e-5  # the test can tell one GELU from the other
    shorter = np.array(theirs(token_ids[:, :5]))
    assert np.abs(shorter - expected[:, :5]).max() <= 1e-5 * np.abs(expected).max()


def test_the_gpt_in_one_file_goes_from_text_to_text(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog\n" * 20)
    example("gpt_in_one_file").main([str(path), "--steps", "2", "--length", "70", "--prompt", "the "])
    out = capsys.readouterr().out
    written = out[out.index("the ") :]
    assert len(written) >= len("the ") + 70  # also past the context of 64
    assert set(written) <= set(path.read_text())
    assert "val_loss" in out


def test_the_gpt_in_one_file_refuses_a_text_that_is_too_short(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text("too short")
    with pytest.raises(SystemExit) as ended:
        example("gpt_in_one_file").main([str(path)])
    assert ended.value.code == 2
    assert "the text needs 650 characters" in capsys.readouterr().err


def test_its_sampler_keeps_the_likeliest_tokens_alone_and_follows_the_softmax():
    sample = example("gpt_in_one_file").sample
    generator, logits = np.random.default_rng(0), np.log([0.1, 0.2, 0.3, 0.4])
    assert sample(logits, 0, 40, generator) == 3
    drawn = np.bincount([sample(logits, 1.0, 2, generator) for _ in range(4000)], minlength=4) / 4000
    assert drawn == pytest.approx([0, 0, 3 / 7, 4 / 7], abs=0.03)


def test_the_original_learns_counts_and_writes(capsys):
    history, text = example("tinylm_original").main(["--epochs", "15", "--prompt", "We"])
    assert history["perplexity"][-1] < history["perplexity"][0]
    assert np.exp(history["loss"]) == pytest.approx(history["perplexity"], rel=1e-4)
    assert text.startswith("We ")
    out = capsys.readouterr().out
    assert "38 tokens" in out
    assert "TransformerBlock" in out
    assert "{'temperature': 0.7, 'top_k': 5}: We " in out
