"""The code of the page on watching a training runs as it stands."""

import importlib.util
import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "watch.md").read_text(encoding="utf-8")
FIRST, TABLE, BOARD = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.M | re.S)
needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names that the first two blocks leave, run in a folder of their own."""
    found = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("watch"))
        for code in (FIRST, TABLE):
            exec(compile(code, "watch.md", "exec"), found)
        found["folder"] = pathlib.Path.cwd()
    return found


def test_the_model_has_the_rows_of_its_run(names):
    assert len(names["found"]["step"]) == len(names["found"]["val_loss"]) == 10
    assert names["found"]["step"][-1] == 20


def test_keras_writes_a_row_for_each_epoch(names):
    header, *rows = (names["folder"] / "log.csv").read_text().splitlines()
    assert header == "epoch,loss,perplexity,val_loss,val_perplexity" and len(rows) == 2
    assert header in TABLE


@needs_tensorboard
def test_tensorboard_finds_the_curves_of_both_models(names, monkeypatch):
    monkeypatch.chdir(names["folder"])
    exec(compile(BOARD, "watch.md", "exec"), names)
    for name in ("slow", "fast"):
        for part in ("train", "validation"):
            assert list((names["folder"] / "logs" / name / part).glob("events.out.tfevents.*"))
