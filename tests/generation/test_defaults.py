"""The defaults of generation that a model keeps are checked, whichever way they are set."""

import copy
import json
import pickle

import pytest

from tinylm_keras import load_model


@pytest.fixture
def model(make_mini_lm, mini_lm):
    model = make_mini_lm(tokenizer=mini_lm.tokenizer, num_blocks=1)
    model.generation_defaults = {"temperature": 0.5, "stop": ["cat"]}
    return model


def test_defaults_cannot_be_changed_past_the_check_and_the_error_shows_how(model):
    defaults = model.generation_defaults
    changes = [
        lambda: defaults.__setitem__("top_k", -1),
        lambda: defaults.__delitem__("stop"),
        lambda: defaults.update(top_k=-1),
        lambda: defaults.setdefault("top_k", -1),
        lambda: defaults.pop("stop"),
        defaults.popitem,
        defaults.clear,
    ]
    for change in changes:
        with pytest.raises(TypeError, match=r"cannot be changed in place.*model\.generation_defaults = \{"):
            change()
    for stop in (defaults["stop"], defaults.get("stop"), defaults.copy()["stop"]):
        stop.append(5)
    assert model.generation_defaults == {"temperature": 0.5, "stop": ["cat"]}


def test_defaults_are_changed_as_a_whole_and_checked(model):
    model.generation_defaults |= {"top_k": 3}
    assert model.generation_defaults == {"temperature": 0.5, "stop": ["cat"], "top_k": 3}
    with pytest.raises(ValueError, match="`top_k`"):
        model.generation_defaults |= {"top_k": -1}
    with pytest.raises(ValueError, match="generation_defaults"):
        model.generation_defaults = {**model.generation_defaults, "topk": 1}


def test_defaults_are_written_copied_and_saved_as_any_dict(model, tmp_path):
    wanted = {"temperature": 0.5, "stop": ["cat"]}
    defaults = model.generation_defaults
    assert isinstance(defaults, dict)
    assert json.loads(json.dumps(defaults)) == wanted
    assert copy.deepcopy(defaults) == copy.copy(defaults) == pickle.loads(pickle.dumps(defaults)) == wanted
    assert model.get_config()["generation_defaults"] == wanted
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").generation_defaults == wanted
