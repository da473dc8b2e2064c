"""No text of a stranger reaches a terminal as a command: not its names, words, prompts, sources or messages."""

import json
import shutil
import sys

import pytest

import tinylm_keras as tlm
from tests.archive import hostile
from tinylm_keras._terminal import harmless
from tinylm_keras.training.progress import Plain

TITLE, CLIPBOARD, TURNED = "\x1b]0;mine\x07", "\x1b]52;c;YQ==\x1b\\", "\u202egpj"
WORDS = [f"a{TITLE}", f"b{CLIPBOARD}", f"c{TURNED}", "\x9b2J", "the", "[bold]x[/]", "[link=http://e.x]y[/link]"]
SMALL = {"context_length": 8, "embed_dim": 4, "num_heads": 1, "feed_forward_dim": 4, "num_blocks": 1}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The folder of a stranger's model, in all of whose texts are commands for a terminal."""
    folder = tmp_path_factory.mktemp("stranger")
    tokenizer = tlm.WhitespaceTokenizer(vocabulary=WORDS, end_token=f"<end{CLIPBOARD}>")
    model = tlm.MiniLM(tokenizer=tokenizer, **SMALL)
    model.generation_defaults = {"max_new_tokens": 12, "stop": [f"stop{TITLE}"]}
    model.save(folder / "model.keras")
    recipe = {"recipe": {"preset": TITLE}, "source": f"my{TITLE}\x9b.txt"}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    return folder


def assert_harmless(ended):
    for text in (ended.out, ended.err):
        assert all(line.isprintable() for line in text.split("\n")), ascii(text)


def test_info_and_tokenize_show_what_would_be_commands(tinylm, stranger, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    ended = tinylm("info", stranger)
    assert_harmless(ended)
    assert r"<end\x1b]52;c;YQ==\x1b\>" in ended.out
    assert r"trained on my\x1b]0;mine\x07\x9b.txt" in ended.out
    as_json = tinylm("info", stranger, "--json")
    assert_harmless(as_json)
    assert json.loads(as_json.out)["tokenizer"]["end_token"] == f"<end{CLIPBOARD}>"
    ended = tinylm("tokenize", " ".join([*WORDS, f"new{TITLE}"]), "--model", stranger)
    assert_harmless(ended)
    assert "[bold]x[/]" in ended.out and "[link=http://e.x]y[/link]" in ended.out


def test_evaluate_shows_the_name_of_the_text_and_not_its_commands(tinylm, stranger, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    path = tmp_path / f"text{TITLE}[bold].txt"
    path.write_text("the the\nthe the the\n" * 20)
    ended = tinylm("evaluate", stranger, path)
    assert (ended.code, r"text\x1b]0;mine\x07[bold].txt" in ended.out) == (0, True)
    assert_harmless(ended)


def test_generate_writes_raw_into_a_pipe_and_harmless_on_a_terminal(tinylm, stranger, monkeypatch):
    model = tlm.load_model(stranger / "model.keras")
    prompt = f"the {WORDS[0]}"
    text = model.generate(prompt, seed=4)
    assert TITLE in text
    arguments = ["generate", stranger, prompt, "--seed", 4]
    assert tinylm(*arguments).out == text + "\n"
    several = "\n\n".join(model.generate([prompt] * 2, seed=4)) + "\n"
    assert tinylm(*arguments, "--samples", 2).out == several
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for streamed, raw in (([], text), (["--samples", 2], several)):
        ended = tinylm(*arguments, *streamed)
        assert_harmless(ended)
        assert ended.out.rstrip("\n") == harmless(raw).rstrip("\n")


def test_error_lines_are_harmless_whoever_words_them(tinylm, stranger, tmp_path):
    path = tmp_path / f"m{TITLE}\u202e.keras"
    shutil.copy(stranger / "model.keras", path)
    for arguments in (
        ["info", f"none{TITLE}.keras"],
        ["info", "--json", path, f"more{CLIPBOARD}"],
        ["train", f"none{TITLE}.txt"],
        ["presets", f"none{TITLE}"],
        ["--traceback", "info", f"none{TITLE}.keras"],
    ):
        assert_harmless(tinylm(*arguments))
    warned = tinylm("generate", path, f"unknown{TITLE} word", "--seed", 1)
    assert "that the model does not know" in warned.err
    assert all(line.isprintable() for line in warned.err.split("\n"))  # into a pipe, the text is raw
    hostile.with_config("config", activation=f"x{TITLE}")(path)
    ended = tinylm("info", path)
    assert_harmless(ended)
    assert "has a wrong activation: " in ended.refusal


def test_progress_lines_and_samples_are_harmless(capsys):
    Plain().start([f"source my{TITLE}\x9b.txt"], 1)
    Plain().evaluation({"step": 1, "loss": 1.0, "perplexity": 2.0}, f"a{TITLE}\nb{TURNED}", True)
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.split("\n"))
    assert r"    a\x1b]0;mine\x07" in shown
