"""The command as a whole: quick help, exit codes, and one clear line for every mistake."""

import errno
import re
import subprocess
import sys
import time

import pytest

import tinylm_keras
from tinylm_keras.cli import _console

COMMANDS = ("prepare", "train", "generate", "evaluate", "compare", "plot", "tokenize", "info", "presets")


@pytest.mark.parametrize("arguments", [["--help"], ["presets"], ["train", "--help"], ["generate", "no.keras"]])
def test_help_presets_and_a_missing_model_need_no_keras(arguments):
    code = (
        "import sys; from tinylm_keras.cli import main; main(sys.argv[1:]); "
        "heavy = {'keras', 'tensorflow', 'numpy', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", timeout=60)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("argument", ["--help", "presets"])
def test_help_and_presets_answer_in_under_a_second(in_new_process, argument):
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        assert in_new_process(argument).returncode == 0
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 1.0


def test_the_version_is_shown(tinylm):
    shown = tinylm("--version")
    assert (shown.code, shown.out) == (0, f"tinylm_keras {tinylm_keras.__version__}\n")


def test_help_names_every_command(tinylm):
    shown = tinylm("--help")
    assert shown.code == 0
    assert all(command in shown.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tinylm, command):
    shown = tinylm(command, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert f"tinylm {command}" in shown.out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], r"Missing command\. See: tinylm --help"),
        (["trian"], r"No such command 'trian'.* 'train'.* See: tinylm --help"),
        (["generate"], r"(?i)Missing argument .*model.* See: tinylm generate --help"),
        (["info", "x.keras", "--jsno"], r"No such option.*--jsno.*--json.* See: tinylm info --help"),
    ],
)
def test_a_mistake_that_the_parser_finds_is_one_line(tinylm, arguments, line):
    # The parser's own words change with its version: the parts that help the user are pinned.
    assert re.fullmatch(line, tinylm(*arguments).refusal)


def test_a_number_that_is_none_is_named(tinylm):
    assert tinylm("tokenize", "a", "--length", "x").refusal == (
        "`length` must be a whole number. Received: length='x'."
    )


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("two\nlines"), 2, "tinylm: two lines"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.txt"), 2, "tinylm: a.txt: No such file"),
        (OSError(errno.ENOSPC, "No space left on device", "m.keras"), 1, "tinylm: m.keras: No space left on device"),
        (RuntimeError("loss is nan at step 3"), 1, "tinylm: loss is nan at step 3"),
        (MemoryError(), 1, "tinylm: not enough memory for this. Try a smaller model or a smaller batch."),
        (KeyError("x"), 1, "tinylm: failed with KeyError: 'x' Set TINYLM_TRACEBACK=1 to see where."),
        (KeyboardInterrupt(), 130, "tinylm: stopped."),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
)
def test_every_way_of_failing_has_its_exit_code_and_its_line(tinylm, monkeypatch, error, code, line):
    def fail(path):
        raise error

    monkeypatch.setattr(_console, "load_model", fail)
    ended = tinylm("info", "any.keras")
    assert (ended.code, ended.out, ended.err.rstrip("\n")) == (code, "", line)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_traceback_is_shown_only_on_demand(tinylm, monkeypatch, tmp_path, way):
    if way == "environment":
        monkeypatch.setenv("TINYLM_TRACEBACK", "1")
    ended = tinylm("info", tmp_path / "no.keras", *(["--traceback"] if way == "option" else []))
    assert ended.code == 2
    assert ended.err.startswith("Traceback (most recent call last):")


def test_a_traceback_is_hidden_by_default(tinylm, tmp_path):
    assert "Traceback" not in tinylm("info", tmp_path / "no.keras").err


def test_what_stands_after_two_dashes_is_text(tinylm):
    assert "--traceback" in tinylm("tokenize", "--", "--traceback").out


def test_an_option_can_be_spread_over_several_numbers():
    assert _console.spread(["m", "--t", "0.5", "1e0", "x"], "--t") == ["m", "--t", "0.5", "--t", "1e0", "x"]
    assert _console.spread(["--t", "x"], "--t") == ["--t", "x"]
    assert _console.spread(["--t", "1", "--", "--t", "1", "2"], "--t") == ["--t", "1", "--", "--t", "1", "2"]


def test_a_reader_that_leaves_early_gets_no_complaint():
    command = f'"{sys.executable}" -m tinylm_keras presets --json | head -n 1'
    ended = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", timeout=60)
    assert (ended.stdout, ended.stderr) == ("{\n", "")


def test_text_is_read_and_shown_where_the_locale_is_not_utf_8(in_new_process):
    ended = in_new_process("tokenize", "über ☃", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[1] for line in ended.stdout.splitlines()[1:3]] == [r"\xfcber", r"\u2603"]


def test_advice_is_spoken_as_options():
    line = "Received: num_heads=5. Try num_heads=4. Name it, for example encoding='latin-1'. Or pass overwrite=True."
    assert _console.one_line(line) == (
        "Received: num_heads=5. Try --num-heads 4. Name it, for example --encoding latin-1. Or pass --overwrite."
    )


def test_python_m_is_the_same_command(in_new_process):
    ended = in_new_process("trian")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("tinylm: No such command 'trian'")
