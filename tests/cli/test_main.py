"""The command as a whole: quick help, exit codes, and one clear line for every mistake."""

import errno
import re
import shlex
import subprocess
import sys
import time

import pytest

import tinylm_keras
from tinylm_keras import _checks
from tinylm_keras.cli import _arguments, _console, _help, _main, _recipe_options, _refusal, sweep
from tinylm_keras.experiments import sweep_values
from tinylm_keras.recipe import presets

COMMANDS = (
    *("survey", "prepare", "train", "generate", "evaluate", "compare", "sweep", "plot", "tokenize", "info", "presets"),
    *("import", "push"),
)


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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples_that_the_parser_takes(tinylm, parsed, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    shown = tinylm(command, "--help").out
    examples = _help.EXAMPLES[command]
    assert 2 <= len(examples) <= 3
    for example in examples:
        assert example in shown  # on one line
        program, called, *arguments = shlex.split(example)
        assert program == "tinylm" and called in COMMANDS
        given = parsed(called, *arguments)
        own = {"model"} if command != "train" else set()
        names = presets.settings().keys() - own if command in ("train", "prepare", "compare", "sweep") else ()
        typed = {name: given.get(name) for name in names}
        if command == "sweep":
            sweep_values.find(sweep.read(typed))
        else:
            _recipe_options.typed_settings(typed)
        if given.get("preset"):
            presets.get(given["preset"])


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)])
def test_a_flag_shows_no_type(tinylm, command):
    shown = tinylm(*command, "--help").out
    assert "--help" in shown and "bool" not in shown


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
        "`--length` must be a whole number. Received: --length x. See: tinylm tokenize --help"
    )


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("two\nlines"), 2, "tinylm: two lines"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.txt"), 2, "tinylm: a.txt: No such file"),
        (OSError(errno.ENOSPC, "No space left on device", "m.keras"), 1, "tinylm: m.keras: No space left on device"),
        (RuntimeError("loss is nan at step 3"), 1, "tinylm: loss is nan at step 3"),
        (MemoryError(), 1, "tinylm: not enough memory. Try a smaller model or a smaller batch."),
        (KeyError("x"), 1, "tinylm: failed with KeyError: 'x' Set TINYLM_TRACEBACK=1 for the traceback."),
        (KeyboardInterrupt(), 130, "tinylm: stopped."),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
)
def test_every_way_of_failing_has_its_exit_code_and_its_line(tinylm, monkeypatch, error, code, line):
    def fail(path):
        raise error

    monkeypatch.setattr(_console, "model_file", fail)
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


@pytest.mark.parametrize(
    ("typed", "prompt", "temperatures"),
    [
        ("m --temperature 0.8 1984", "1984", [[0.8]]),
        ("m --temperature 0.5 0.8 1984", "1984", [[0.5], [0.8]]),
        ("m --temperature 0.5,0.8 1984", "1984", [[0.5, 0.8]]),
        ("m --temperature=0.8 1984", "1984", [[0.8]]),
        ("m --temperature 0.5 --temperature 0.8 1984", "1984", [[0.5], [0.8]]),
        ("m --temperature 0.5 1984 --temperature 0.8 1", "1984", [[0.5], [0.8], [1.0]]),
        ("m 1984 --temperature 0.5 0.8", "1984", [[0.5], [0.8]]),
        ("m --seed 7 --temperature 0.8 1984", "1984", [[0.8]]),
        ("m --seed=7 1984 --overwrite --temperature 0.5,0.8 1e0", "1984", [[0.5, 0.8], [1.0]]),
        ("m - --temperature 0.5 0.8", "-", [[0.5], [0.8]]),
        ("m --prompt-file 1 --temperature 0.5 0.8", None, [[0.5], [0.8]]),
        ("--temperature 0.8 1 1984", "1984", [[0.8]]),
        ("m --temperature 0.8 -- --temperature", "--temperature", [[0.8]]),
        ("m 5 --top-k 3", "5", None),
    ],
)
def test_several_temperatures_have_commas_or_their_own_option_or_follow_the_prompt(parsed, typed, prompt, temperatures):
    arguments = parsed("generate", *typed.split())
    assert (arguments["prompt"], arguments["temperature"]) == (prompt, temperatures)


def test_a_text_after_several_numbers_without_a_comma_is_refused(tinylm):
    refusal = tinylm("generate", "m", "--temperature", "0.5", "0.8", "Tom").refusal
    assert "must be separated by commas" in refusal and "Try --temperature 0.5,0.8" in refusal


def test_a_reader_that_leaves_early_gets_no_complaint():
    command = f'"{sys.executable}" -m tinylm_keras presets --json | head -n 1'
    ended = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", timeout=60)
    assert (ended.stdout, ended.stderr) == ("{\n", "")


def test_text_is_read_and_shown_where_the_locale_is_not_utf_8(in_new_process):
    ended = in_new_process("tokenize", "über ☃", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[1] for line in ended.stdout.splitlines()[1:3]] == [r"\xfcber", r"\u2603"]


@pytest.mark.parametrize("name", ["notes, or a=b.txt", "Try x=1.txt", "two  blanks.txt", "pass overwrite=True"])
def test_the_name_of_a_file_is_never_rewritten(tinylm, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for arguments in (["train", name], ["generate", name, "Tom"], ["info", name]):
        assert repr(name) in tinylm(*arguments).refusal
    assert f"--init '{name}'" in tinylm("train", "--init", name).refusal
    assert name in tinylm("generate", "m", "--prompt-file", name).refusal
    (tmp_path / name).write_bytes("café".encode("latin-1"))
    assert f"source='{name}'. It looks like cp1252: try --encoding cp1252." in tinylm("train", name).refusal


def test_an_argument_is_shown_as_the_option_of_the_command_that_was_called(tinylm, tmp_path):
    refusal = tinylm("train", "--num-heads", "5", "--out", tmp_path / "run").refusal
    assert refusal == (
        "`--num-heads` must divide `--embed-dim`. Received: --embed-dim 64, --num-heads 5. Try --num-heads 4. "
        "See: tinylm train --help"
    )
    assert tinylm("train", "--out", tmp_path).refusal == (
        f"`--out` must be a new folder, but it exists. Received: --out {tmp_path}. Choose another name, or pass "
        "--overwrite to replace the run in it. See: tinylm train --help"
    )
    refusal = tinylm("train", "--end-token", "", "--out", tmp_path / "run").refusal
    assert "Received: --end-token ''. " in refusal


def test_what_is_no_option_of_the_command_keeps_its_name():
    error = _checks.refuse("column", "must be there", "a b", ["Try ", _checks.Argument("column", "text"), "."])
    assert _refusal.line(error) == str(error)
    command = _main.parser().commands
    assert _refusal.line(error, command["info"]) == str(error)
    assert _refusal.line(error, command["train"]) == (
        "`--column` must be there. Received: --column 'a b'. Try --column text. See: tinylm train --help"
    )
    several = _checks.refuse("stop", "must not be empty", ["a b", ""])
    assert "Received: --stop 'a b' --stop ''. See: " in _refusal.line(several, command["generate"])
    assert _refusal.line(ValueError("Try a=1,\n  or b=2"), command["train"]) == "Try a=1, or b=2"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(r"\n", "\n"), (r"\n\n", "\n\n"), (r"a\tb", "a\tb"), (r"\r\n", "\r\n"), (r"\\n", r"\n"), (r"\begin", r"\begin")],
)
def test_escapes_are_read_in_every_option_that_takes_text(parsed, typed, meant):
    arguments = parsed("train", "--separator", typed, "--end-token", typed, "--prompt", typed)
    settings = _recipe_options.typed_settings({name: arguments[name] for name in ("separator", "end_token", "prompt")})
    assert set(settings.values()) == {meant}
    assert _arguments.escaped_text("stop", typed) == meant


def test_help_says_which_escapes_are_read(tinylm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    for command, count in (("generate", 1), ("train", 3), ("prepare", 2)):
        assert tinylm(command, "--help").out.count(r"\n, \t, \r, \f, \\ and \uXXXX are read as") == count


def test_python_m_is_the_same_command(in_new_process):
    ended = in_new_process("trian")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("tinylm: No such command 'trian'")
