"""Each model as Keras has it, and as the runtime reads it from its file."""

import pytest

from tinylm_keras import runtime


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """The path of a model's file, saved once."""
    folder, paths = tmp_path_factory.mktemp("runtime"), {}

    def save(model):
        if id(model) not in paths:
            path = folder / f"{len(paths)}.keras"
            model.save(path)
            paths[id(model)] = path, model  # the model stays, so that no other gets its id
        return paths[id(model)][0]

    return save


@pytest.fixture(scope="session")
def read(saved):
    """A model as the runtime reads it from its file."""
    return lambda model: runtime.load(saved(model))
