"""Folders for `transformers`: a reader in plain numpy finds the logits of the model in them."""

import json

import numpy as np
import pytest

from tests.interop.forward import huggingface_logits, read_safetensors
from tinylm_keras.interop import export, huggingface_out
from tinylm_keras.models import MiniLM

IDS = np.random.default_rng(1).integers(2, 20, 12).astype("int32")

# Norm, activation, and whether the head has a bias, which is then folded into the other weights.
MINI = [
    *(("pre", activation, False) for activation in ("relu", "gelu", "gelu_tanh", "silu")),
    *(("post", activation, True) for activation in ("relu", "silu")),
    ("pre", "gelu", True),
    ("post", "gelu_tanh", False),
]


@pytest.mark.parametrize(("norm", "activation", "head_bias"), MINI)
def test_a_mini_lm_is_a_gpt2_or_an_opt_with_the_same_logits(small_model, tmp_path, norm, activation, head_bias):
    model = small_model(norm=norm, activation=activation, head_bias=head_bias)
    export(model, tmp_path / "out", "huggingface")
    expected = np.array(model(IDS[None]))[0]
    np.testing.assert_allclose(huggingface_logits(tmp_path / "out", IDS), expected, atol=1e-5)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["model_type"] == {"pre": "gpt2", "post": "opt"}[norm]
    width = {"pre": config.get("n_embd"), "post": config.get("hidden_size")}[norm]
    assert width == (12 if not head_bias else 14 if norm == "pre" else 24)
    _, tensors = read_safetensors(tmp_path / "out" / "model.safetensors")
    assert not any("lm_head.bias" in name for name in tensors)


def test_a_rotary_lm_is_a_qwen3_with_the_same_logits_and_the_same_window(small_model, tmp_path):
    model = small_model("character", rotary=True)
    export(model, tmp_path / "out", "huggingface")
    ids = np.random.default_rng(1).integers(2, 20, 30).astype("int32")
    expected = np.array(model.head(model.hidden_states(ids[None])))[0]  # beyond the context
    np.testing.assert_allclose(huggingface_logits(tmp_path / "out", ids), expected, atol=1e-5)
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert (generation["max_new_tokens"], "max_length" in generation) == (9, False)


def test_a_soft_cap_is_refused_and_named(small_model, tmp_path):
    with pytest.raises(
        ValueError, match=r"A RotaryLM with logit_soft_cap=9 cannot be exported as huggingface: .*Train with"
    ):
        export(small_model("character", rotary=True, logit_soft_cap=9.0), tmp_path / "out", "huggingface")
    assert list(tmp_path.iterdir()) == []


def test_generation_takes_the_defaults_of_the_model_and_never_writes_padding_or_unknown(small_model):
    model = small_model()
    config = huggingface_out.generation(model)
    assert config["suppress_tokens"] == [0, 1]
    assert (config["do_sample"], config["temperature"], config["top_k"]) == (True, 0.7, 0)
    assert config["max_length"] == 12
    assert config["eos_token_id"] == config["bos_token_id"] == model.tokenizer.end_id
    larger = small_model(None, norm="pre", vocabulary_size=30)
    assert huggingface_out.generation(larger)["suppress_tokens"] is None
    larger = MiniLM(30, tokenizer=model.tokenizer, context_length=4, embed_dim=4, num_blocks=1)
    assert huggingface_out.generation(larger)["suppress_tokens"] == [0, 1, *range(model.vocabulary_size, 30)]
    without_end = huggingface_out.generation(small_model("character", rotary=True))
    assert without_end["eos_token_id"] is None


def test_temperature_0_is_greedy(small_model):
    model = small_model("whitespace", norm="pre", dropout=0.0)
    before, model.generation_defaults = model.generation_defaults, {"temperature": 0}
    try:
        assert huggingface_out.generation(model)["do_sample"] is False
    finally:
        model.generation_defaults = before


def test_a_model_that_no_architecture_computes_is_refused_by_its_name(tmp_path, every_model):
    for name in ("average_lm", "bigram_lm", "mlp_lm", "ngram_lm"):
        for to in ("huggingface", "gguf"):
            model = every_model[name](vocabulary_size=20)
            with pytest.raises(ValueError, match=rf"A [A-Za-z]*LM cannot be exported as {to}: only MiniLM and"):
                export(model, tmp_path / ("out.gguf" if to == "gguf" else "out"), to)
    assert list(tmp_path.iterdir()) == []
