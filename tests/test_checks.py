"""The table of the thirty checks names tests that exist."""

import pathlib
import re

TESTS = pathlib.Path(__file__).parent


def test_every_check_has_tests_and_each_exists():
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", TESTS.joinpath("CHECKS.md").read_text(encoding="utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 31))
    defined = {
        name for path in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    for number, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named and set(named) <= defined, (number, set(named) - defined)
