"""GPT-2 directories of Hugging Face become models with the same logits; what is not one is refused in one line."""

import json
import pickle

import numpy as np
import pytest

import tinylm_keras as tlm
from tests.conftest import seeded
from tests.interop import gpt2
from tinylm_keras import interop
from tinylm_keras.interop import huggingface_in

IDS = np.random.default_rng(1).integers(0, 256, 24)

# Six directories of different kinds: how each differs from GPT-2's defaults, and how it is written.
KINDS = {
    "tied": ({}, {"tokenizer": "tokenizer.json"}),
    "untied": ({"tie_word_embeddings": False, "activation_function": "gelu"}, {"tokenizer": "vocab.json"}),
    "wide": ({"n_inner": 40, "activation_function": "relu", "n_layer": 1}, {}),
    "sharded": ({"activation_function": "silu", "n_head": 1}, {"shards": 3}),
    "half": ({"activation_function": "gelu_pytorch_tanh"}, {"kind": "F16"}),
    "bfloat16": ({"vocab_size": 304, "n_layer": 3}, {"kind": "BF16", "tokenizer": "tokenizer.json"}),
}


def rounded(weights, kind):
    """The weights as they are read back from numbers of a kind."""
    if kind == "F16":
        return {name: array.astype("float16").astype("float32") for name, array in weights.items()}
    if kind == "BF16":
        return {name: (array.view("<u4") >> 16 << 16).view("<f4") for name, array in weights.items()}
    return weights


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "gpt2"


@pytest.mark.filterwarnings("ignore:.*without a token", "ignore:.*has no tokenizer")
@pytest.mark.parametrize("name", KINDS)
def test_the_logits_are_those_of_the_directory(folder, name):
    changes, written = KINDS[name]
    config, weights = gpt2.make(**changes)
    gpt2.write(folder, config, weights, **written)
    model = interop.load_huggingface(folder)
    expected = gpt2.logits(config, rounded(weights, written.get("kind")), IDS)
    logits = np.array(model(IDS[np.newaxis]))[0]
    known = 299 if "tokenizer" in written else config["vocab_size"]
    assert np.abs(logits[:, :known] - expected[:, :known]).max() < 3e-5
    assert model.vocabulary_size == known + ("tokenizer" in written)
    assert (logits[:, known:] == huggingface_in.NEVER).all()
    greedy = [int(np.argmax(row[:known])) for row in expected]
    assert np.argmax(logits, -1).tolist() == greedy
    assert (model.context_length, model.block_config["dropout"]) == (24, 0.1)


def test_the_old_masks_are_left_out_and_nothing_that_ends_like_them(folder):
    config, weights = gpt2.make()
    masks = {f"transformer.h.{block}.attn.bias": np.ones((1, 1, 4, 4)) for block in range(2)}
    masks |= {f"transformer.h.{block}.attn.masked_bias": np.array(-1e4) for block in range(2)}
    weights = {name.removeprefix("transformer."): array for name, array in (weights | masks).items()}
    gpt2.write(folder, config, weights, tokenizer="vocab.json")
    logits = np.array(interop.load_huggingface(folder)(IDS[np.newaxis]))[0, :, :299]
    assert np.abs(logits - gpt2.logits(config, weights, IDS)).max() < 3e-5


def test_ids_and_greedy_text_are_those_of_the_directory(folder, tmp_path):
    config, weights = gpt2.make()
    gpt2.write(folder, config, weights, tokenizer="tokenizer.json")
    model = interop.load_huggingface(folder)
    import tokenizers

    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in [*gpt2.TEXTS, "", " ", "Ünïcode 猫", "a\n\n\nb  c"]:
        assert model.tokenizer.tokenize(text).tolist() == theirs.encode(text).ids
    assert (model.tokenizer.end_token, model.tokenizer.end_id, model.pad_id) == (gpt2.END, 298, 299)
    ids = model.tokenizer.tokenize("the cat").tolist()
    for _ in range(12):
        ids.append(int(np.argmax(gpt2.logits(config, weights, ids)[-1])))
    written = model.generate(np.array(model.tokenizer.tokenize("the cat")), max_new_tokens=12, temperature=0)
    assert written.tolist() == ids[: len(written)]
    assert len(written) == len(ids) or written[-1] == 298
    model.save(tmp_path / "model.keras")
    loaded = tlm.load_model(tmp_path / "model.keras")
    assert np.array_equal(np.array(loaded(IDS[np.newaxis])), np.array(model(IDS[np.newaxis])))


def test_a_token_for_padding_that_the_directory_has_is_the_models(folder):
    config, weights = gpt2.make(vocab_size=300, pad_token_id=299)
    gpt2.write(folder, config, weights, tokenizer="vocab.json")
    (folder / "added_tokens.json").write_text(json.dumps({"[PAD]": 299}))
    model = interop.load_huggingface(folder)
    assert (model.vocabulary_size, model.pad_id, model.tokenizer.end_id) == (300, 299, 298)
    assert np.abs(np.array(model(IDS[np.newaxis]))[0] - gpt2.logits(config, weights, IDS)).max() < 3e-5


def test_what_is_exported_comes_back(folder):
    tokens, merges = gpt2.vocabulary()
    tokenizer = tlm.BytePairTokenizer(vocabulary=tokens, merges=merges, end_token=gpt2.END)
    sizes = {"context_length": 24, "embed_dim": 16, "num_heads": 2, "feed_forward_dim": 20, "num_blocks": 2}
    model = seeded(tlm.MiniLM, tokenizer=tokenizer, norm="pre", activation="gelu", dropout=0.0, **sizes)
    interop.export(model, folder, "huggingface", license="mit")
    back = interop.load_huggingface(folder)
    assert np.abs(np.array(back(IDS[np.newaxis])) - np.array(model(IDS[np.newaxis]))).max() < 1e-6
    own = {"name": "", "tokenizer": ""}
    assert back.get_config() | own == model.get_config() | own
    assert back.tokenizer.fingerprint() == tokenizer.fingerprint()


def test_training_goes_on_from_it(folder, tmp_path, tinylm_command):
    gpt2.write(folder, *gpt2.make(), tokenizer="tokenizer.json")
    shown = tinylm_command("import", folder, "--out", tmp_path / "model.keras")
    assert "weights, context 24" in shown
    (tmp_path / "my.txt").write_text("\n".join(gpt2.TEXTS * 20))
    model = tlm.train(
        tmp_path / "my.txt", init=tmp_path / "model.keras", out=tmp_path / "run", steps=1, batch_size=4, progress=None
    )
    assert isinstance(model, tlm.MiniLM) and model.vocabulary_size == 300


@pytest.fixture
def tinylm_command(capsys):
    from tinylm_keras.cli import main

    def call(*arguments):
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model_type": "llama"}, "is not a GPT-2 language model.*model_type 'llama'"),
        ({"architectures": ["GPT2ForSequenceClassification"]}, "architectures .'GPT2ForSequenceClassification'"),
        ({"scale_attn_by_inverse_layer_idx": True}, "'scale_attn_by_inverse_layer_idx': True"),
        ({"reorder_and_upcast_attn": True}, "'reorder_and_upcast_attn': True"),
        ({"scale_attn_weights": False}, "'scale_attn_weights': False"),
        ({"layer_norm_epsilon": 1e-6}, "'layer_norm_epsilon': 1e-06 .*supports only 1e-05"),
        ({"add_cross_attention": True}, "'add_cross_attention': True"),
        ({"alibi": True}, "'alibi': True .*is unknown"),
        ({"auto_map": {"AutoModel": "code.py"}}, "'auto_map'"),
        ({"quantization_config": {"bits": 4}}, "'quantization_config'"),
        ({"activation_function": "gelu_fast"}, "'activation_function': 'gelu_fast'.*a MiniLM supports gelu_new"),
        ({"activation_function": ["gelu"]}, "'activation_function'"),
        ({"n_head": 3}, "'n_head': 3 .*does not divide n_embd=16"),
        ({"n_layer": 10**9}, "'n_layer': 1000000000 .*whole number from 1 to 256"),
        ({"n_layer": True}, "'n_layer': True"),
        ({"n_embd": 1 << 20, "n_head": 1}, r"has a tensor .* of shape .*requires"),
        ({"n_positions": 1 << 20}, r"has a tensor wpe.weight of shape \(24, 16\); its config.json requires"),
        ({"n_layer": 3}, "has no tensor h.2.ln_1.weight"),
        ({"n_layer": 1}, "has a tensor 'h.1.*', which a GPT-2 with its config.json does not have"),
        ({"resid_pdrop": 1.5}, "'resid_pdrop': 1.5"),
        ({"tie_word_embeddings": "yes"}, "'tie_word_embeddings': 'yes'"),
        ({"tie_word_embeddings": False}, "has no tensor lm_head.weight"),
        ({"vocab_size": 298}, r"has a tensor wte.weight of shape \(299, 16\)"),
    ],
)
def test_what_a_mini_lm_does_not_compute_is_refused_by_name(folder, changes, match):
    config, weights = gpt2.make()
    refused(gpt2.write(folder, {**config, **changes}, weights), match)


def refused(folder, match, error=ValueError):
    with pytest.raises(error, match=match) as caught:
        interop.load_huggingface(folder)
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)


def test_a_pickle_is_never_opened(folder, monkeypatch):
    config, weights = gpt2.make()
    gpt2.write(folder, config, weights)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    monkeypatch.setattr(pickle, "load", lambda *_: pytest.fail("it was opened"))
    refused(folder, r"has its weights in pytorch_model\.bin, a pickle, .*never opened\. Convert it with transformers")
    (folder / "pytorch_model.bin").unlink()
    refused(folder, r"has no model\.safetensors")
    (folder / "config.json").unlink()
    refused(folder, r"has no config\.json", FileNotFoundError)


def test_folders_that_are_none_and_models_of_this_package_are_told_apart(folder):
    config, weights = gpt2.make()
    gpt2.write(folder, {**config, "layer_norm_epsilon": 9.4e-6}, weights)
    (folder / "model.keras").touch()
    refused(folder, r"Its model\.keras is a model of this package: use that\.$")
    with pytest.raises(ValueError, match=r"`folder` must be a folder with config.json and model.safetensors"):
        interop.load_huggingface(folder / "config.json")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        interop.load_huggingface(folder / "nothing")


def test_a_tied_head_that_differs_is_refused_and_an_equal_one_is_not(folder):
    config, weights = gpt2.make()
    gpt2.write(folder, config, weights | {"lm_head.weight": weights["transformer.wte.weight"]}, tokenizer="vocab.json")
    interop.load_huggingface(folder)
    gpt2.write(folder, config, weights | {"lm_head.weight": -weights["transformer.wte.weight"]}, tokenizer="vocab.json")
    refused(folder, "has tie_word_embeddings .* but a lm_head.weight that differs")


def test_weights_that_are_not_numbers_are_refused(folder):
    config, weights = gpt2.make()
    weights["transformer.ln_f.bias"][3] = np.nan
    refused(gpt2.write(folder, config, weights, tokenizer="vocab.json"), r"not finite \(ln_f\.bias\)")
    config, weights = gpt2.make()
    refused(gpt2.write(folder, config, weights, "F64", tokenizer="vocab.json"), "has a tensor of F64; only F32, F16")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda content: content["model"].update(type="WordPiece"), "must be a byte-level byte-pair tokenizer"),
        (lambda content: content.update(pre_tokenizer={"type": "Whitespace"}), "must be a byte-level byte-pair"),
        (lambda content: content["pre_tokenizer"].update(add_prefix_space=True), "must be a byte-level byte-pair"),
        (lambda content: content["model"].update(continuing_subword_prefix="##"), "must be a byte-level byte-pair"),
        (lambda content: content["added_tokens"][0].update(id=0), "must give each id|each token one id|more tokens"),
        (lambda content: content["added_tokens"][0].update(id=9999), "has an invalid tokenizer"),
        (lambda content: content.update(added_tokens=7), "as the package tokenizers writes it"),
        (lambda content: content["model"].update(vocab=["a"]), "as the package tokenizers writes it|is not whole"),
        (lambda content: content["model"]["merges"].append(["q", "zz"]), "has an invalid tokenizer"),
        (
            lambda content: content["model"]["vocab"].update({f"t{n}": 300 + n for n in range(9)}),
            "invalid tokenizer|tokens and",
        ),
    ],
)
def test_other_tokenizers_are_refused(folder, change, match):
    gpt2.write(folder, *gpt2.make(), tokenizer="tokenizer.json")
    content = json.loads((folder / "tokenizer.json").read_text())
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content))
    refused(folder, match)


def test_a_tokenizer_of_another_kind_or_size_is_refused(folder):
    gpt2.write(folder, *gpt2.make(vocab_size=290), tokenizer="vocab.json")
    refused(folder, "has a tokenizer of 299 tokens and a vocab_size of 290")
    (folder / "vocab.json").unlink()
    (folder / "spiece.model").touch()
    refused(folder, r"has another tokenizer than byte-level byte-pair encoding \(spiece\.model\)")


@pytest.mark.parametrize(
    ("index", "match"),
    [
        ({"weight_map": {"a": "../model.safetensors"}}, "names no safetensors files of the folder"),
        ({"weight_map": {"a": "/etc/passwd"}}, "names no safetensors files of the folder"),
        ({"weight_map": {"a": "pytorch_model.bin"}}, "names no safetensors files of the folder"),
        ({"weight_map": {"a": 7}}, "names no safetensors files of the folder"),
        ({"weight_map": {"a": "gone.safetensors"}}, "names gone.safetensors, which does not exist"),
        ({"weight_map": {str(n): f"{n}.safetensors" for n in range(1001)}}, "in more than 1,000 files"),
        ({}, "names no safetensors files of the folder"),
        ([], "names no safetensors files of the folder"),
    ],
)
def test_an_index_names_files_of_the_folder_alone(folder, index, match):
    gpt2.write(folder, *gpt2.make(), shards=2)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(folder, match)


def test_a_tensor_in_two_files_is_refused(folder):
    config, weights = gpt2.make()
    gpt2.write(folder, config, weights, shards=2)
    (folder / "model-00002-of-00002.safetensors").write_bytes(gpt2.safetensors(weights))
    refused(folder, "holds the tensor '.*' twice")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["nowhere"], "`folder` must be a folder with config.json and model.safetensors. Received: folder='nowhere'."),
        (["FOLDER", "--out", "a.h5"], "`--out` must end in .keras. Received: --out a.h5. Try --out a.h5.keras."),
        (["FOLDER", "--out", "no/a.keras"], "`--out` must be a file in a folder that exists. Received: --out no/a.ke"),
        (["FOLDER"], "has model_type"),
    ],
)
def test_the_command_refuses_in_one_line(folder, capsys, arguments, match):
    from tinylm_keras.cli import main

    config, weights = gpt2.make()
    gpt2.write(folder, {**config, "model_type": "llama"}, weights)
    before = sorted(folder.iterdir())
    assert main([str(folder) if one == "FOLDER" else one for one in ["import", *arguments]]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tinylm: ") and match.replace("has model_type", "is not a GPT-2") in error
    assert error.count("\n") == 1
    assert sorted(folder.iterdir()) == before
