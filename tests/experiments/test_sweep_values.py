"""Which setting a sweep varies: exactly one, a number or a choice, and every value is checked before anything else."""

import re

import numpy as np
import pytest

from tinylm_keras.experiments.sweep_values import NEVER, find, has_values, shown
from tinylm_keras.recipe.recipe import settings


@pytest.mark.parametrize("values", [[1e-3, 1e-2], (1e-3, 1e-2), np.array([1e-3, 1e-2]), (x for x in (1e-3, 1e-2))])
def test_the_setting_with_several_values_is_varied_and_the_others_stay(values):
    swept, fixed = find({"steps": 5, "learning_rate": values, "norm": "pre"})
    assert (swept.setting, swept.values, swept.names) == ("learning_rate", (0.001, 0.01), ("0.001", "0.01"))
    assert all(type(value) is float for value in swept.values)
    assert fixed == {"steps": 5, "norm": "pre"}


@pytest.mark.parametrize(
    ("setting", "values", "names"),
    [
        ("num_blocks", range(1, 4), ("1", "2", "3")),
        ("norm", ["pre", "post"], ("pre", "post")),
        ("global_clipnorm", [None, 1.0], ("none", "1.0")),
        ("mix_counts", [True, False], ("true", "false")),
        ("tokenizer", ["character", "byte-pair"], ("character", "byte-pair")),
        ("embed_dim", np.array([8, 16]), ("8", "16")),
    ],
)
def test_numbers_choices_flags_and_no_value_can_be_varied(setting, values, names):
    assert find({setting: values})[0].names == names


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "A sweep needs one setting with several values, such as learning_rate=[0.0001, 0.001, 0.01]."),
        ({"learning_rate": 0.1}, "A sweep needs one setting with several values"),
        (
            {"learning_rate": [0.1, 0.2], "dropout": [0.0, 0.1]},
            "`dropout` must have one value, because `learning_rate` has several. Received: dropout=[0.0, 0.1].",
        ),
        ({"dropout": [0.1]}, "`dropout` must have 2 to 100 different values. Received: dropout=[0.1]."),
        ({"learning_rate": []}, "`learning_rate` must have 2 to 100 different values."),
        ({"learning_rate": [0.1, 0.1]}, "`learning_rate` must have 2 to 100 different values."),
        ({"num_blocks": range(1, 102)}, "`num_blocks` must have 2 to 100 different values."),
        ({"learning_rate": [0.1, -1]}, "`learning_rate` must be a number in (0, 1e+09]. Received: learning_rate=-1."),
        ({"norm": ["pre", "past"]}, "`norm` must be one of 'pre', 'post'. Received: norm='past'."),
        ({"learning_rat": [1, 2]}, "`setting` must be a setting of a recipe. Received: setting='learning_rat'."),
        ({"separator": ["\n", "x"]}, "`separator` must have one value: it changes the text that is evaluated"),
        ({"temperature": [0.5, 1.0]}, "`temperature` must have one value: it does not change the loss."),
        ({"seed": [1, 2]}, "`seed` must have one value: it is varied by `seeds`."),
        ({"end_token": ["a", "b"]}, "`end_token` must have one value: it is neither a number nor a choice."),
    ],
)
def test_a_mistake_is_one_line(given, line):
    with pytest.raises(ValueError, match=re.escape(line)):
        find(given)


def test_every_setting_either_has_values_or_is_a_text_and_those_left_out_exist():
    assert set(NEVER) < set(settings())
    texts = {name for name in settings() if not has_values(name)}
    assert texts == {"separator", "encoding", "column", "end_token", "vocabulary_file", "merges_file", "prompt"}


def test_values_are_shown_as_one_types_them():
    assert [shown(value) for value in (1e-5, 20, 0.5, None, False, "a")] == ["1e-05", "20", "0.5", "none", "false", "a"]
