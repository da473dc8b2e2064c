"""Which parts of a model do not train: kept in its file, which otherwise would not know."""

import contextlib

import keras

from tinylm_keras import _checks

# What was frozen when the model was compiled: its optimizer was built for the rest.
_WHEN_COMPILED = "_frozen_when_compiled"


def parts(layer, place="", holder=True, models_too=True):
    """Iterate over every layer, and every weight that training may change; a layer comes before what is in it.

    Args:
        layer: Layer of Keras.
        place: str. The way to it.
        holder: bool. Whether the layer that holds it trains.
        models_too: bool. Whether the name of a model within `layer` is a part of the way, too.

    Returns:
        An iterator of (place, layer or weight, whether the layer that holds it trains), such as "block_0/attention" or
        "head/kernel". Layers of one name get numbers.
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
    """Return what is frozen as a list of str: each place whose part trains though what holds it does not, or reverse.

    So a frozen layer stands there once, without what is in it; "" is the model itself.
    """
    return [place for place, part, holder in parts(model) if part.trainable != holder]


def freeze(model, wanted):
    """Freeze what `places` said, and let all the rest train.

    Raises:
        ValueError: if the model has no such place.
    """
    if wanted == places(model):
        return
    unknown = set(wanted) - {place for place, _, _ in parts(model)}
    if unknown:
        raise _checks.refuse("frozen", "must name layers or weights of the model", min(unknown))
    # Each by itself: with TensorFlow, a layer that is told what it is already does not tell what is in it.
    for place, part, holder in parts(model):
        part.trainable = holder != (place in wanted)


def entries(model):
    """Return what the config of a model says about it, as a dict; it is empty where everything trains."""
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
    """Note what is frozen at this moment as what was so when the model was compiled."""
    model.__dict__[_WHEN_COMPILED] = places(model)


@contextlib.contextmanager
def as_when_compiled(model):
    """Within this context, what trains is what trained when the model was compiled."""
    now = places(model)
    freeze(model, model.__dict__.get(_WHEN_COMPILED, now))
    try:
        yield
    finally:
        freeze(model, now)
