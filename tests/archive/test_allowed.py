"""The allow-list is complete and true: what the package registers is on it, and what it names exists."""

import importlib

import keras
import pytest
from keras.src.saving import object_registration

import tinylm_keras.baselines
import tinylm_keras.layers
import tinylm_keras.metrics
import tinylm_keras.models
import tinylm_keras.samplers
import tinylm_keras.schedules
import tinylm_keras.tokenizers
from tests.conftest import MODELS, TOKENIZERS
from tinylm_keras import specs
from tinylm_keras.archive import allowed, sizes
from tinylm_keras.models import LanguageModel
from tinylm_keras.tokenizers import Tokenizer


def registered():
    return {
        name.removeprefix("tinylm_keras>"): kind
        for name, kind in object_registration.GLOBAL_CUSTOM_OBJECTS.items()
        if name.startswith("tinylm_keras>")
    }


def test_every_registered_class_is_on_the_list_in_its_place():
    for name, kind in registered().items():
        place = {
            issubclass(kind, LanguageModel): specs.MODELS,
            issubclass(kind, Tokenizer): specs.TOKENIZERS,
            issubclass(kind, keras.metrics.Metric): allowed.METRICS,
            issubclass(kind, keras.optimizers.schedules.LearningRateSchedule): allowed.SCHEDULES,
        }.get(True, allowed.NEVER_NAMED)
        assert name in place, f"{name} is registered: add it to tinylm_keras/specs.py or archive/allowed.py"


def test_no_name_is_on_two_lists():
    lists = [specs.MODELS, specs.TOKENIZERS, allowed.METRICS, allowed.SCHEDULES, allowed.NEVER_NAMED]
    assert sum(map(len, lists)) == len(set().union(*lists))


BASES = {
    "keras": keras.DTypePolicy,
    "keras.optimizers": keras.optimizers.Optimizer,
    "keras.optimizers.schedules": keras.optimizers.schedules.LearningRateSchedule,
    "keras.losses": keras.losses.Loss,
    "keras.metrics": keras.metrics.Metric,
}


@pytest.mark.parametrize("place", [place for place in allowed.PLACES if place not in ("model", "tokenizer")])
def test_every_class_of_keras_on_the_list_exists_and_is_of_its_kind(place):
    for module, name in allowed.PLACES[place]:
        if module != allowed.PACKAGE:
            assert issubclass(getattr(importlib.import_module(module), name), BASES[module])


def test_the_package_keeps_the_name_that_it_registers_under():
    assert keras.saving.get_registered_name(tinylm_keras.models.MiniLM) == f"{allowed.PACKAGE}>MiniLM"


@pytest.mark.parametrize("name", MODELS)
def test_the_check_counts_the_weights_of_a_model_and_never_too_many(name):
    for vocabulary_size in (3, 500):
        model = MODELS[name](vocabulary_size=vocabulary_size)
        config = model.get_config()
        counted = specs.MODELS[type(model).__name__].weights(**config)
        assert 0.9 * model.count_params() < counted <= model.count_params()
        sizes.check_settings(type(model).__name__, config)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_list_has_every_entry_of_a_tokenizer(name):
    tokenizer = TOKENIZERS[name]()
    assert set(tokenizer.get_config()) <= specs.TOKENIZERS[type(tokenizer).__name__].entries
