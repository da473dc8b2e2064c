"""GGUF files: a reader in plain numpy finds the model in them, and what must never be written has no chance."""

import numpy as np
import pytest

from tests.interop.forward import gguf_logits, read_gguf
from tinylm_keras.interop import export, gguf_tokens
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer

IDS = np.random.default_rng(1).integers(2, 20, 12).astype("int32")
MODELS = {
    "whitespace, ReLU": ("whitespace", {"norm": "pre"}, 2e-4),
    "byte pairs, tanh GELU and a bias": (
        "byte_pair",
        {"norm": "pre", "activation": "gelu_tanh", "head_bias": True},
        1e-5,
    ),
    "characters, exact GELU": ("character", {"norm": "pre", "activation": "gelu"}, 2e-2),
    "characters, rotary": ("character", {"rotary": True}, 2e-4),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_file_holds_a_model_with_the_same_logits(small_model, tmp_path, name):
    tokenizer, settings, tolerance = MODELS[name]
    model = small_model(tokenizer, **settings)
    export(model, tmp_path / "model.gguf", "gguf")
    logits, expected = gguf_logits(tmp_path / "model.gguf", IDS), np.array(model(IDS[None]))[0]
    silent = [one for one in (model.pad_id, model.tokenizer.unk_id) if one is not None]
    written = [token_id for token_id in range(model.vocabulary_size) if token_id not in silent]
    np.testing.assert_allclose(logits[:, written], expected[:, written], atol=tolerance)
    never = [*silent, *range(model.vocabulary_size, logits.shape[1])]
    assert logits[:, never].max() < -1000
    values, tensors = read_gguf(tmp_path / "model.gguf")
    assert len(values["tokenizer.ggml.tokens"]) == len(tensors["token_embd.weight"]) == logits.shape[1]
    assert len(set(values["tokenizer.ggml.tokens"])) == logits.shape[1]


def test_the_special_ids_and_the_settings_of_sampling_are_all_said(small_model, tmp_path):
    model = small_model(norm="pre")
    export(model, tmp_path / "model.gguf", "gguf", license="mit")
    values, _ = read_gguf(tmp_path / "model.gguf")
    of_tokens = {name.removeprefix("tokenizer.ggml."): value for name, value in values.items()}
    end = model.tokenizer.end_id
    assert [of_tokens[f"{name}_token_id"] for name in ("bos", "eos", "unknown", "padding")] == [end, end, 1, 0]
    assert (of_tokens["add_bos_token"], of_tokens["add_eos_token"]) == (True, False)
    assert (values["general.license"], values["general.sampling.top_k"]) == ("mit", 0)
    assert values["general.sampling.temp"] == pytest.approx(0.7)
    assert (tmp_path / "Modelfile").read_text().splitlines() == [
        "FROM ./model.gguf",
        'TEMPLATE "{{ .Prompt }}"',
        "PARAMETER temperature 0.7",
        *(f"PARAMETER {one}" for one in ("top_k 0", "top_p 1.0", "min_p 0.0", "repeat_penalty 1.0", "num_ctx 12")),
    ]


def test_without_an_end_token_padding_ends_a_text_which_is_never_written(small_model, tmp_path):
    export(small_model("character", norm="pre"), tmp_path / "model.gguf", "gguf")
    values, _ = read_gguf(tmp_path / "model.gguf")
    assert [values[f"tokenizer.ggml.{name}"] for name in ("eos_token_id", "add_bos_token")] == [0, False]


@pytest.mark.parametrize(
    ("tokenizer", "settings", "why"),
    [
        ("word_punct", {"norm": "pre"}, "A WordPunctTokenizer cannot be exported as gguf: "),
        (
            "whitespace",
            {"norm": "post"},
            "A MiniLM with norm='post' cannot be exported as gguf: .* Use format='huggingface'",
        ),
        ("whitespace", {"norm": "pre", "activation": "silu"}, "A MiniLM with activation='silu' cannot be"),
        ("character", {"rotary": True, "logit_soft_cap": 9.0}, "A RotaryLM with logit_soft_cap=9 cannot be"),
        (None, {"norm": "pre", "vocabulary_size": 9}, "A model without a tokenizer cannot be"),
    ],
)
def test_what_llama_cpp_cannot_compute_is_refused_in_one_line(small_model, tmp_path, tokenizer, settings, why):
    with pytest.raises(ValueError, match=why) as caught:
        export(small_model(tokenizer, **settings), tmp_path / "model.gguf", "gguf")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_blanks_between_words_are_one_for_llama_cpp():
    """Its trie, walked as llama.cpp walks it."""
    values, _ = gguf_tokens.describe(WhitespaceTokenizer(vocabulary=["a"]), 3)
    table = values["tokenizer.ggml.precompiled_charsmap"]
    size = int.from_bytes(table[:4], "little")
    nodes, texts = np.frombuffer(table[4 : 4 + size], "<u4"), table[4 + size :]

    def base(node):
        return int(nodes[node] >> 10) << (int(nodes[node] & 512) >> 6)

    def replaced(byte):
        node = base(0) ^ byte
        if node >= len(nodes) or int(nodes[node]) & (1 << 31 | 255) != byte or not int(nodes[node]) >> 8 & 1:
            return None
        place = int(nodes[node ^ base(node)]) & ((1 << 31) - 1)
        return texts[place : texts.index(0, place)]

    assert {byte: replaced(byte) for byte in range(1, 256) if replaced(byte)} == dict.fromkeys(b"\t\n\v\f\r", b" ")


def test_names_of_tokens_are_different_also_where_a_vocabulary_holds_the_names_of_control_tokens():
    for tokenizer in (
        CharacterTokenizer(vocabulary=[" ", "\u2581", "\ufffd", "<"], end_token="ab"),
        WhitespaceTokenizer(vocabulary=["[PAD", "]", "\u2581", "<end>_"], end_token="<end>"),
        BytePairTokenizer(max_tokens=260, end_token="[PAD ]").adapt("the cat, the cat"),
    ):
        values, never = gguf_tokens.describe(tokenizer, tokenizer.vocabulary_size() + 3)
        tokens = values["tokenizer.ggml.tokens"]
        assert len(set(tokens)) == len(tokens) == len(values["tokenizer.ggml.token_type"])
        assert set(range(tokenizer.vocabulary_size(), len(tokens))) <= set(never)
        assert tokenizer.end_id not in never
        assert "ab" not in tokens  # two characters that are known would be joined to the end token
