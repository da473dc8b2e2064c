"""The settings that an editor offers are the fields of the recipe."""

import dataclasses
import typing

from tinylm_keras.baselines.comparison import BASELINES, make_recipes
from tinylm_keras.recipe import registry
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.recipe.settings_types import ComparisonSettings, Settings


def test_the_typed_settings_of_train_are_the_fields_of_a_recipe():
    fields = {field.name: field.type for field in dataclasses.fields(Recipe) if field.name != "preset"}
    assert typing.get_type_hints(Settings) == fields
    assert not Settings.__required_keys__


def test_the_typed_settings_of_compare_are_those_that_all_its_models_share():
    takes = [set(registry.MODELS[recipe.model].takes) for recipe in make_recipes().values()]
    assert len(takes) == sum(baseline.preset is not None for baseline in BASELINES)
    of_some = {name for kind in registry.MODELS.values() for name in kind.takes} - set.intersection(*takes)
    own = set(typing.get_type_hints(Settings)) - set(typing.get_type_hints(ComparisonSettings))
    assert own == {*of_some, "model", "steps"}  # `steps` is an argument of `compare` itself
