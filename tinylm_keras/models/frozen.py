"""Which layers and weights of a model are frozen; a `.keras` file of Keras alone would lose that."""

import contextlib

import keras

from tinylm_keras import _checks

# What was frozen at `compile`: the optimizer was built for the other variables.
_WHEN_COMPILED = "_frozen_when_compiled"


def parts(layer, place="", holder=True, models_too=True):
    """Iterate over all layers and trainable weights; a layer comes before its content.

    Args:
        layer: Layer of Keras.
        place: str. Path of `layer`.
        holder: bool. Whether the layer around `layer` is trainable.
        models_too: bool. Whether paths include the names of models inside `layer`.

    Returns:
        An iterator of (path, layer or weight, whether the layer around it is trainable). Paths look like
        "block_0/attention" or "head/kernel". Layers with the same name get numbers.
    """
    yield place, layer, holder
    for variable in layer._trainable_variables:
        yield _within(place, variable.name), variable, layer.trainable
    names = {}
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        number = names[inner.name] = names.get(inner.name, 0) + 1
        name = inner.name if number == 1 else f"{inner.name}#{number}"
        skipped = isinstance(inner, keras.Model) and not models_too
        yield from parts(inner, place if skipped else _within(place, name), layer.trainable, models_too)


def _within(place, name):
    return f"{place}/{name}" if place else name


def places(model):
    """Return the paths of all parts whose `trainable` differs from that of the layer around them, as a list of str.

    So a frozen layer is listed once, without its content. The path of the model itself is "".
    """
    return [place for place, part, holder in parts(model) if part.trainable != holder]


def freeze(model, wanted):
    """Freeze the parts that `places` listed, and make all others trainable.

    Raises:
        ValueError: if the model has no such part.
    """
    if wanted == places(model):
        return
    unknown = set(wanted) - {place for place, _, _ in parts(model)}
    if unknown:
        raise _checks.refuse("frozen", "must name layers or weights of the model", min(unknown))
    # Each part is set: with TensorFlow, a layer whose value does not change does not pass it on to its content.
    for place, part, holder in parts(model):
        part.trainable = holder != (place in wanted)


def entries(model):
    """Return the entries for the config of a model, as a dict; empty if everything is trainable."""
    now = places(model)
    compiled = model.__dict__.get(_WHEN_COMPILED, now)
    found = {"frozen": now} if now else {}
    return found if compiled == now else {**found, "frozen_when_compiled": compiled}


def restore(model, frozen=None, frozen_when_compiled=None):
    """The inverse of `entries`."""
    if frozen is not None:
        freeze(model, frozen)
    if frozen_when_compiled is not None:
        model.__dict__[_WHEN_COMPILED] = frozen_when_compiled


def note_compiled(model):
    """Remember what is frozen now as the state at `compile`."""
    model.__dict__[_WHEN_COMPILED] = places(model)


@contextlib.contextmanager
def as_when_compiled(model):
    """A context in which the parts are frozen that were frozen at `compile`."""
    now = places(model)
    freeze(model, model.__dict__.get(_WHEN_COMPILED, now))
    try:
        yield
    finally:
        freeze(model, now)
