"""The page for teachers: its commands and its code run, and each lesson has its answers."""

import pathlib
import re
import shlex

import pytest

from tinylm_keras.cli import _recipe_options, sweep
from tinylm_keras.experiments import sweep_values
from tinylm_keras.recipe import presets

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "teaching.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ tinylm (.*)$", PAGE, flags=re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_parser_takes_every_command(command):
    from tinylm_keras.cli._main import parser

    name, *arguments = shlex.split(command)
    typed = parser().commands[name].make_context(name, arguments).params
    settings = {setting: typed.get(setting) for setting in presets.settings() if name != "page"}
    if name == "sweep":
        sweep_values.find(sweep.read(settings))
    else:
        _recipe_options.typed_settings(settings)


def test_the_code_runs(capsys):
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.M | re.S)
    exec(compile(code, "teaching.md", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == ["0.001", "0.01"]
    assert sum(line.endswith("best") for line in shown) == 1


def test_each_of_the_six_lessons_has_three_folded_answers():
    answers = PAGE.split("## Answers")[1]
    lessons = re.findall(r"^### (\d) .*?$(.*?)(?=^###|\Z)", answers, flags=re.M | re.S)
    assert [number for number, _ in lessons] == list("123456")
    for number, text in lessons:
        assert text.count("<details><summary>") == text.count("?</summary>") == text.count("</details>") == 3, number
