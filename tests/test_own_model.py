"""The page about blocks and models of one's own runs as it stands."""

import pathlib
import re

import numpy as np

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "own_model.md"


def test_the_python_of_the_page_runs_and_its_model_is_causal():
    code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    names = {"__name__": "page"}
    exec("\n".join(code), names)
    model, ids = names["language_model"], np.ones((1, 8), "int32")
    changed = ids.copy()
    changed[0, 5] = 2
    before, after = np.array(model(ids)), np.array(model(changed))
    assert np.array_equal(before[:, :5], after[:, :5]) and not np.array_equal(before[:, 5:], after[:, 5:])
