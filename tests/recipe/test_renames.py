"""Laws of renamed settings: where the old name is given, the new one is told; where a file has it, it is read."""

import json

import pytest

import tinylm_keras as tlm
from tinylm_keras import evaluation
from tinylm_keras.models import MiniLM, RotaryLM
from tinylm_keras.recipe import presets, renames
from tinylm_keras.recipe.overrides import override, parse
from tinylm_keras.recipe.recipe import Recipe, settings

OF_RECIPES = sorted({old for old, new in renames.NAMES.items() if new in settings()})


@pytest.mark.parametrize("name", OF_RECIPES)
def test_an_old_setting_is_refused_in_one_line_that_gives_the_new_one(name, tmp_path):
    new = renames.NAMES[name]
    calls = (
        lambda: Recipe(**{name: 0.5}),
        lambda: override(presets.get("stories"), **{name: 0.5}),
        lambda: tlm.train(["a b c"], out=tmp_path / "run", **{name: 0.5}),
    )
    for call in calls:
        with pytest.raises(ValueError) as error:
            call()
        assert str(error.value) == f"`{name}` is now `{new}`. Received: {name}=0.5. Use {new}=0.5."
    with pytest.raises(ValueError, match=f"`{name}` is now `{new}`"):
        parse(name, "0.5")
    assert not (tmp_path / "run").exists()


def test_no_new_name_is_an_old_one():
    assert not renames.NAMES.keys() & {*settings(), *renames.NAMES.values()}
    assert len(OF_RECIPES) == 7


@pytest.mark.parametrize(("old", "new"), renames.LAYOUTS.items())
def test_an_old_layout_is_refused_and_the_new_one_given(old, new, ending_lm):
    message = f"Received: layout='{old}'. '{old}' is now '{new}'."
    with pytest.raises(ValueError, match=f"must be one of 'auto', 'padded', 'packed'. {message}"):
        Recipe(layout=old)
    with pytest.raises(ValueError, match=message):
        evaluation.evaluate(ending_lm, ["the cat"], layout=old)


@pytest.mark.parametrize(
    ("model", "old"), [(MiniLM, "embedding_deviation"), (MiniLM, "weights_deviation"), (RotaryLM, "logit_cap")]
)
def test_an_old_argument_of_a_model_is_refused_and_the_new_one_given(model, old):
    new = renames.NAMES[old]
    with pytest.raises(ValueError, match=rf"`{old}` is now `{new}`. Received: {old}=0.5. Use {new}=0.5"):
        model(9, **{old: 0.5})


def test_an_old_argument_of_generation_is_refused_before_anything_is_written(ending_lm):
    for write in (ending_lm.generate, ending_lm.stream):
        with pytest.raises(ValueError, match=r"`weights` is now `quantize`. Received: weights='int8'. Use quantize="):
            write("the cat", weights="int8")
        with pytest.raises(TypeError, match="colour"):
            write("the cat", colour="red")


def test_an_older_recipe_is_read_and_written_with_the_names_of_today():
    old = {"warm_up": 7, "accumulate": 2, "clip_norm": 1.0, "minimum_rate": 0.1, "layout": "windows"}
    recipe = Recipe.from_json(json.dumps({**old, "embedding_deviation": None, "weights_deviation": 0.02}))
    assert (recipe.warmup_steps, recipe.gradient_accumulation_steps, recipe.global_clipnorm) == (7, 2, 1.0)
    assert (recipe.min_learning_rate_ratio, recipe.embeddings_stddev, recipe.kernel_stddev) == (0.1, None, 0.02)
    assert recipe.layout == "packed"
    written = json.loads(recipe.to_json())
    assert not written.keys() & renames.NAMES.keys() and Recipe.from_json(recipe.to_json()) == recipe


def test_a_file_with_the_old_name_and_the_new_is_refused():
    with pytest.raises(ValueError, match="`warm_up` is now `warmup_steps`"):
        Recipe.from_json('{"warm_up": 7, "warmup_steps": 8}')
