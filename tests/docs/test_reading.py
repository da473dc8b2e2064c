"""The reading path names files that exist, and every solution that is code runs."""

import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "docs"
PAGE = (FOLDER / "reading.md").read_text(encoding="utf-8")
FILES = re.findall(r"^\| ([FTG]\d) \| \[([^\]]+)\]\(([^)]+)\) \| (.+) \|$", PAGE, flags=re.M)
EXERCISES = re.findall(r"^### ([FTG]\d) (.+?)$(.*?)(?=^##|\Z)", PAGE, flags=re.M | re.S)


def test_the_three_paths_have_nine_seven_and_eight_files_that_exist():
    numbers = [f"{path}{number + 1}" for path, count in zip("FTG", (9, 7, 8), strict=True) for number in range(count)]
    assert [number for number, *_ in FILES] == numbers
    for _, name, target, _ in FILES:
        assert (FOLDER / target).is_file(), target
        assert target == f"../tinylm_keras/{name}".replace("\\", "")


def test_each_file_has_one_exercise_with_a_folded_solution():
    assert [number for number, *_ in EXERCISES] == [number for number, *_ in FILES]
    for number, _, text in EXERCISES:
        question, solution = text.split("<details>")
        assert question.strip().endswith(("?", ".")), number
        assert solution.count("<summary>Solution</summary>") == solution.count("</details>") == 1, number
        assert "```python" in solution, number


@pytest.mark.parametrize("number", [number for number, *_ in EXERCISES])
def test_the_solution_runs(number):
    [text] = [text for found, _, text in EXERCISES if found == number]
    [code] = re.findall(r"^```python\n(.*?)^```$", text, flags=re.M | re.S)
    exec(compile(code, f"solution {number}", "exec"), {"__name__": "__main__"})
