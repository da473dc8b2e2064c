"""Fetching from and pushing to the Hugging Face hub, against a stand-in for it; no network."""

import pathlib
import shutil
import sys

import huggingface_hub
import numpy as np
import pytest

import tinylm_keras as tlm
from tests.archive import hostile
from tests.conftest import MODELS, seeded
from tinylm_keras import hub, runtime
from tinylm_keras.cli import main

CARD = "---\nlicense: mit\nlanguage: [en]\n---\n\n# A model\n"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A hub whose repositories are folders; `store.asked` is what was asked of it."""

    class Store:
        folder, asked, fails = tmp_path / "hub", [], None

    def download(repo_id, filename, **_):
        Store.asked.append(("fetch", repo_id, filename))
        if Store.fails is not None:
            raise Store.fails
        path = Store.folder / repo_id / filename
        if not path.exists():
            raise huggingface_hub.errors.EntryNotFoundError(f"404 Client Error.\n\nNo {filename} in {repo_id}.")
        return str(path)

    class Api:
        def __init__(self, **_):
            pass

        def create_repo(self, repo_id, private=None, exist_ok=False):
            if Store.fails is not None:
                raise Store.fails
            Store.asked.append(("create", repo_id, private, exist_ok))
            return f"https://huggingface.co/{repo_id}"

        def upload_folder(self, repo_id, folder_path, allow_patterns, commit_message):
            Store.asked.append(("upload", repo_id, sorted(allow_patterns)))
            (Store.folder / repo_id).mkdir(parents=True, exist_ok=True)
            for name in allow_patterns:
                shutil.copy(pathlib.Path(folder_path, name), Store.folder / repo_id)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return Store


@pytest.fixture
def folder(tmp_path):
    """A folder to push: a model, its card, and what has to stay at home."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(hostile.GOOD, folder / "model.keras")
    (folder / "README.md").write_text(CARD)
    (folder / "tokenizer.json").write_text("{}")
    for name in ("last.keras", "samples.txt", "recipe.json", "code.py", "pytorch_model.bin"):
        (folder / name).write_text("private")
    return folder


def test_what_is_pushed_is_loaded_by_its_address(folder, store):
    with pytest.warns(UserWarning, match=r"Not pushed: code\.py, last\.keras, pytorch_model\.bin, recipe\.json, sam"):
        assert hub.push(folder, "me/mine") == "https://huggingface.co/me/mine"
    assert store.asked == [
        ("create", "me/mine", False, True),
        ("upload", "me/mine", ["README.md", "model.keras", "tokenizer.json"]),
    ]
    model = tlm.load_model("hf://me/mine")
    ids = np.array([[2, 3, 4]])
    assert np.array_equal(np.array(model(ids)), np.array(tlm.load_model(hostile.GOOD)(ids)))
    assert store.asked[2:] == [("fetch", "me/mine", "model.keras")]


def test_the_runtime_loads_an_address_too(folder, store):
    shutil.copytree(folder, store.folder / "me" / "mine")
    assert np.array_equal(
        runtime.load("hf://me/mine").logits([[2, 3, 4]]), runtime.load(hostile.GOOD).logits([[2, 3, 4]])
    )
    assert runtime.load_tokenizer("hf://me/mine").get_vocabulary()
    assert store.asked == [("fetch", "me/mine", "model.keras")] * 2
    with pytest.raises(ValueError, match="`model` could not be fetched"):
        runtime.load("hf://me/none")


def test_a_file_of_the_hub_is_checked_as_any_other(store):
    (store.folder / "some" / "body").mkdir(parents=True)
    make, why = hostile.FILES["lambda_as_tokenizer"]
    make(store.folder / "some" / "body" / "model.keras")
    with pytest.raises(ValueError, match=why):
        tlm.load_model("hf://some/body")
    with pytest.raises(ValueError, match="`trusted` must not be True for a model of the hub"):
        tlm.load_model("hf://some/body", trusted=True)


@pytest.mark.parametrize(
    "name", ["", "mine", "a/b/c", "../b", "a/..", "a/b?x", "a b/c", "/a/b", "a/b\n", "-a/b", "a/b/", "a/-", "é/b"]
)
def test_a_name_that_is_none_is_refused_before_anything_is_asked(folder, store, name):
    with pytest.raises(ValueError, match=r'`model` must be "hf://owner/name"'):
        tlm.load_model(f"hf://{name}")
    with pytest.raises(ValueError, match='`name` must be "owner/name"'):
        hub.push(folder, name)
    assert store.asked == []


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (None, r"must have a README\.md, the model card"),
        ("# A model\n\nlicense: mit\n", "must have a README.md that states a licence"),
        ("---\nlanguage: en\n---\n", "must have a README.md that states a licence"),
        ("---\nlicense:\n---\n", "must have a README.md that states a licence"),
        ("---\nlicense: null\n---\n", "must have a README.md that states a licence"),
        ("---\nlanguage: en\n---\nlicense: mit\n", "must have a README.md that states a licence"),
        (b"\xff\xfe", r"must have a README\.md that can be read"),
    ],
)
def test_a_folder_without_a_card_that_states_a_licence_is_refused_and_nothing_is_pushed(folder, store, card, why):
    (folder / "README.md").unlink()
    if card is not None:
        (folder / "README.md").write_bytes(card if isinstance(card, bytes) else card.encode())
    with pytest.raises(ValueError, match=f"`folder` {why}"):
        hub.push(folder, "me/mine")
    assert store.asked == []


@pytest.mark.parametrize("line", ['license: "cc-by-4.0"', "license: other", "license: 'apache-2.0'"])
def test_a_licence_is_found_as_yaml_writes_it(folder, store, line):
    (folder / "README.md").write_bytes(f"---\r\ntags: [a]\r\n{line}\r\n---\r\n# A model".encode())
    with pytest.warns(UserWarning, match="Not pushed"):
        hub.push(folder, "me/mine", private=True)
    assert store.asked[0] == ("create", "me/mine", True, True)


def test_a_folder_without_a_model_that_loads_is_refused(folder, store):
    hostile.FILES["gap"][0](folder / "model.keras")
    with pytest.raises(ValueError, match="its zip archive has gaps or overlaps"):
        hub.push(folder, "me/mine")
    (folder / "model.keras").unlink()
    with pytest.raises(ValueError, match=r"`folder` must have a model\.keras\. .* Make such a folder with: tinylm exp"):
        hub.push(folder, "me/mine")
    with pytest.raises(ValueError, match=r"`folder` must be a folder with model\.keras and README\.md"):
        hub.push(folder / "nothing", "me/mine")
    assert store.asked == []


@pytest.mark.parametrize("name", ["ngram_lm", "mixture_lm"])
def test_a_file_with_counts_says_that_it_contains_its_text_before_it_is_pushed(folder, store, name):
    seeded(MODELS[name], vocabulary_size=9).save(folder / "model.keras")
    store.fails = OSError("nothing may be pushed before")
    with (
        pytest.warns(UserWarning, match=r"model\.keras contains counts, and with them pieces of the text"),
        pytest.warns(UserWarning, match="Not pushed"),
        pytest.raises(ValueError, match="could not be pushed"),
    ):
        hub.push(folder, "me/mine")


def test_what_the_hub_or_the_network_says_is_one_line(folder, store, capsys):
    with pytest.raises(ValueError, match="`model` could not be fetched") as caught:
        tlm.load_model("hf://me/none")
    assert "\n" not in str(caught.value)
    assert "(404 Client Error)" in str(caught.value)
    store.fails = huggingface_hub.errors.LocalTokenNotFoundError("Token is required.\n  Many\x1b[2J\n lines")
    assert main(["push", str(folder), "me/mine"]) == 2
    *notes, error = capsys.readouterr().err.splitlines()
    assert len(notes) == 1
    assert error.startswith(
        "tinylm: `name` could not be pushed to (Token is required). Received: name='me/mine'. Sign in"
    )


def test_without_its_package_the_line_to_type_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="Run: pip install huggingface-hub"):
        tlm.load_model("hf://me/mine")


def test_commands_take_an_address_for_a_model(folder, store, capsys, tmp_path):
    assert main(["push", str(folder), "me/mine"]) == 0
    assert (
        "Pushed to https://huggingface.co/me/mine\nTry it: tinylm generate hf://me/mine 'Once'\n"
        in capsys.readouterr().out
    )
    assert main(["generate", "hf://me/mine", "the cat", "--max-new-tokens", "3", "--seed", "1"]) == 0
    assert capsys.readouterr().out.startswith("the cat")
    assert main(["tokenize", "the cat", "--model", "hf://me/mine"]) == 0
    assert main(["info", "hf://me/mine", "--json"]) == 0
    capsys.readouterr()
    assert main(["info", "hf://me/none"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "my.txt").write_text("".join(f"the cat sat {number}\n" for number in range(20)))
    more = {"out": tmp_path / "run", "steps": 1, "batch_size": 2, "progress": None}
    assert tlm.train(tmp_path / "my.txt", init="hf://me/mine", **more).context_length == 6
