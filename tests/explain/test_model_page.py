"""The page of a model as a file: what it may hold, where it is written, and what is refused."""

import html.parser
import json
import os
import re
import shutil

import pytest

import tinylm_keras as tlm
from tests.conftest import MODELS, TEXTS, TOKENIZERS, TRAINED, seeded
from tinylm_keras import explain
from tinylm_keras.explain import document
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer

MARKUP = "</script><img/src=x/onerror=alert(1)>"
LARGEST_PROGRAM = 160_000  # bytes of markup, style and script


class Elements(html.parser.HTMLParser):
    """Collects the tags of a document, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def model():
    tokenizer = WhitespaceTokenizer(end_token="<end>").adapt([*TEXTS, MARKUP])
    return seeded(TRAINED["mini_lm_pre"], tokenizer=tokenizer)


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def mixture():
    return seeded(MODELS["mixture_lm"], tokenizer=CharacterTokenizer().adapt(TEXTS))


def payload_of(page):
    return json.loads(re.search(r'<script type="application/json" id="payload">(.*?)</script>', page.html, re.S)[1])


def test_same_model_and_prompt_give_the_same_bytes(file, model, tmp_path):
    one = explain.page(file, "the cat", tmp_path / "one.html")
    two = explain.page(str(file), "the cat", str(tmp_path / "two.html"))
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert (one.bytes, one.path, one.notes) == ((tmp_path / "one.html").stat().st_size, tmp_path / "one.html", [])
    assert two.html == one.html != explain.page(file, "the dog").html
    assert explain.page(model, "the cat").html == explain.page(model, "the cat").html
    assert explain.page(file).html == explain.page(file).html  # the prompt that the model writes is always the same


def test_the_file_names_no_address_but_that_of_svg(file):
    page = explain.page(file, "the cat")
    assert set(re.findall(r"\w+://[\w./-]+", page.html)) <= {"http://www.w3.org/2000/svg"}
    tags = Elements()
    tags.feed(page.html)
    loading = {"src", "srcset", "href", "data", "poster", "action", "xlink:href"}
    loaded = [value for tag, attributes in tags.found for name, value in attributes.items() if name in loading]
    assert loaded and all(value.startswith("#") for value in loaded)


def test_the_policy_names_the_script_and_the_style_and_nothing_else(file):
    page = explain.page(file, "the cat")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.html)[1]
    style = re.search(r"<style>(.*?)</style>", page.html, re.S)
    script = re.search(r'"module">(.*?)</script>', page.html, re.S)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'{document.digest(script[1])}' 'wasm-unsafe-eval'"
    assert rules["style-src"] == f"'{document.digest(style[1])}'"
    assert not re.search(r"\bon\w+=|\bstyle=", page.html.split("<body>")[1].split('<script type="application/json"')[0])


def test_the_program_is_small_and_not_minified(file, mixture):
    for model in (file, mixture, seeded(TRAINED["rotary_lm"], tokenizer=TOKENIZERS["byte_pair"]())):
        page = explain.page(model, "the cat")
        program = page.bytes - len(document.as_json(payload_of(page)).encode())
        assert 20_000 < program <= LARGEST_PROGRAM
        assert max(map(len, page.html.split('<script type="module">')[1].splitlines())) < 300


def test_a_page_holds_the_modules_of_its_own_model(file, mixture):
    one, two = explain.page(file, "the").html, explain.page(mixture, "the").html
    assert "engine/mini.js" in one and "engine/mini.js" not in two
    assert "engine/counts.js" not in one and "engine/counts.js" in two
    assert "engine/byte_pair.js" not in one + two
    assert {path for path in document.ONLY_FOR if not (document.WEB / path).is_file()} == set()


def test_words_of_a_stranger_are_data(file):
    page = explain.page(file, MARKUP, title=MARKUP)
    assert MARKUP not in page.html
    assert payload_of(page)["prompt"] == payload_of(page)["title"] == MARKUP
    tags = Elements()
    tags.feed(page.html)
    assert "img" not in {tag for tag, _ in tags.found}


def test_json_in_a_script_has_no_line_end_that_only_json_knows():
    text = document.as_json({"words": ["<!--", "\u2028", "\u2029", "é"]})
    assert not set("<\u2028\u2029") & set(text) and "é" in text
    assert json.loads(text) == {"words": ["<!--", "\u2028", "\u2029", "é"]}


def test_in_a_notebook_a_page_stands_in_a_frame_that_may_only_run_scripts(file):
    page = explain.page(file, "the cat")
    [(tag, attributes)] = (found := Elements()).feed(page._repr_html_()) or found.found
    assert (tag, attributes["sandbox"], attributes["srcdoc"]) == ("iframe", "allow-scripts", page.html)
    assert repr(page) == f"Page(bytes={page.bytes})"


def test_weights_and_notes(file, mixture):
    sizes = [explain.page(file, "the cat", weights=name).bytes for name in ("float32", "float16", "int8")]
    assert sizes == sorted(sizes, reverse=True)
    assert "int8 weights change the logits by up to" in explain.page(file, "the", weights="int8").notes[0]
    [note] = explain.page(mixture, "the cat").notes
    assert "pieces of the text" in note and "--without-counts" in note
    without = explain.page(mixture, "the cat", without_counts=True)
    assert "left out" in without.notes[0] and payload_of(without)["counts"]["inside"] is False


def test_a_keras_model_is_compared_with_its_own_logits_and_a_file_with_those_of_numpy(model, file):
    assert payload_of(explain.page(model, "the"))["check"]["reference"].startswith("Keras ")
    assert payload_of(explain.page(file, "the"))["check"]["reference"] == "numpy"


def test_a_run_gives_its_name_and_a_file_its_own(model, tmp_path):
    run = tmp_path / "my run"
    run.mkdir()
    model.save(run / "model.keras")
    assert payload_of(explain.page(run, "the"))["title"] == "my run"
    model.save(tmp_path / "tiny.keras")
    assert payload_of(explain.page(tmp_path / "tiny.keras", "the"))["title"] == "tiny"


def test_what_cannot_be_shown_is_refused_and_nothing_is_written(file, tmp_path):
    target = tmp_path / "page.html"
    bare = tlm.MiniLM(vocabulary_size=10, context_length=4, embed_dim=8)
    with pytest.raises(ValueError, match="tokenizer"):
        explain.page(bare, "the", target)
    with pytest.raises(TypeError, match="`model` must be a LanguageModel"):
        explain.page(3, "the", target)
    with pytest.raises(FileNotFoundError):
        explain.page(tmp_path / "none.keras", "the", target)
    with pytest.raises(ValueError, match="`weights` must be one of"):
        explain.page(file, "the", target, weights="float64")
    with pytest.raises(TypeError, match="`prompt` must be a string"):
        explain.page(file, 3, target)
    with pytest.raises(TypeError, match="`overwrite` must be True or False"):
        explain.page(file, "the", target, overwrite="yes")
    assert not target.exists() and list(tmp_path.iterdir()) == []


def test_a_prompt_that_the_page_could_not_begin_with_is_refused(tmp_path):
    model = seeded(TRAINED["mini_lm_pre"], tokenizer=WhitespaceTokenizer().adapt(TEXTS))
    for prompt in ("", " \n"):
        with pytest.raises(ValueError, match="`prompt` must contain at least one token"):
            explain.page(model, prompt, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_folder_that_is_no_text_is_shown_with_escapes(file, tmp_path):
    folder = tmp_path / os.fsdecode(b"run\xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this disk has names in UTF-8 alone")
    shutil.copy(file, folder / "model.keras")
    assert payload_of(explain.page(folder, "the cat"))["title"] == "run\\udcff"


def test_an_existing_file_is_kept_unless_it_is_to_be_replaced(file, tmp_path):
    target = tmp_path / "page.html"
    target.write_text("mine")
    with pytest.raises(ValueError, match=r"`path` must be a new file.*pass overwrite=True"):
        explain.page(file, "the", target)
    assert target.read_text() == "mine"
    explain.page(file, "the", target, overwrite=True)
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_path_that_cannot_be_a_page_is_refused(file, tmp_path):
    for path, words in {
        tmp_path: "it is a folder",
        tmp_path / "page": 'must end in ".html"',
        tmp_path / "no" / "page.html": "in a folder that exists",
        tmp_path / "page.keras": 'must end in ".html"',
    }.items():
        with pytest.raises(ValueError, match=words):
            explain.page(file, "the", path)


def test_the_prompt_of_its_own_is_the_beginning_of_a_text(file, mixture):
    for model in (file, mixture):
        prompt = payload_of(explain.page(model))["prompt"]
        assert 1 <= len(prompt) <= 28
