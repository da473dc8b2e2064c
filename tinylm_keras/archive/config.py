"""Checks that every class and every entry in config.json is on the list of allowed names."""

import re

from tinylm_keras import specs
from tinylm_keras.archive import allowed, sizes, text, values
from tinylm_keras.archive.refusal import Refused, shown

_WORD = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_MODULE = re.compile(rf"{allowed.PACKAGE}(\.\w+)*", re.ASCII)
# Patterns of `exclude_layers` in Muon: groups and alternatives, but no repetition, which could take for ever to match.
_SIMPLE_PATTERN = re.compile(r"[\w/().|^$ -]{1,200}", re.ASCII)

# Limits for the frozen layers and weights of a model, whose names include the layers above.
MOST_FROZEN, LONGEST_PLACE = 25_000, 1_000

_NAMING = {"module", "class_name", "registered_name"}
_OBJECT = {*_NAMING, "config"}
_SPARE = {"shared_object_id", "build_config"}


def check_version(version):
    """Refuse a format version that is invalid or newer than this package."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise Refused(f"has an invalid format_version, {shown(version)}.")
    if version > allowed.FORMAT_VERSION:
        reads = f"format {version}, this version reads up to {allowed.FORMAT_VERSION}"
        raise Refused(f"was written by a newer tinylm_keras ({reads}). Run: pip install --upgrade tinylm-keras")


def check(tree):
    """Refuse a config with a name that is not allowed.

    Args:
        tree: the parsed config.json.

    Returns:
        The name of the model's class, and a list of str: classes of Keras in the compile_config that are not on the
        list. If there are any, the model can be loaded without being compiled.

    Raises:
        Refused: if any other name is not allowed.
    """
    if not isinstance(tree, dict) or not isinstance(tree.get("config"), dict):
        raise Refused("is damaged: its config.json does not describe a model.")
    check_version(tree["config"].get("format_version", 1))
    tree, compiled, unknown = dict(tree), tree.get("compile_config"), []
    tree.pop("compile_config", None)
    name = _object(tree, "model", None)
    _check_model(name, tree["config"])
    for entry in specs.PARTS:
        if name == "MixtureLM":
            part = tree["config"].get(entry)
            if not isinstance(part, dict) or part.get("class_name") not in specs.PARTS[entry]:
                raise Refused(f"has a {entry} that is not a model, {shown(part)}.", own=True)
            check_version(part["config"].get("format_version", 1))
            _check_model(part["class_name"], part["config"])
            for size in ("vocabulary_size", "context_length", "pad_id"):
                if part["config"].get(size) != tree["config"].get(size):
                    raise Refused(f"has another {size} than its {entry}.", own=True)
    if compiled is not None:
        if not isinstance(compiled, dict) or _NAMING & set(compiled):
            raise Refused("has a compile_config that does not say how to train.")
        values.check(compiled, values.COMPILE, "compile_config")
        for key, value in compiled.items():
            _value(value, key, unknown)
    text.check_unicode([tree, compiled], "config.json")
    return name, unknown


def _check_model(name, config):
    sizes.check_settings(name, config)
    values.check(config, values.MODEL, name)
    values.check_ids(config)
    if not isinstance(config.get("training", ""), str):
        raise Refused("has a training state that is not a text.")
    for entry in ("frozen", "frozen_when_compiled"):
        _check_places(config.get(entry, []), entry)


def check_tokenizer(tree):
    """Refuse a dict that does not describe a tokenizer of this package, by the same rules as for a model file.

    Raises:
        Refused: if the class, an entry or a value is not allowed.
    """
    _object(tree, "tokenizer", None)
    text.check_unicode(tree, "description")


# `key` is the entry of a value. `unknown` collects unlisted classes in the compile_config; it is None where all classes
# must be on the list.


def _value(value, key, unknown):
    if isinstance(value, dict):
        if _NAMING & set(value):
            _object(value, key, unknown)
        else:
            for entry, inner in value.items():
                _value(inner, key if key in allowed.TRAINING else entry, unknown)
    elif key in ("vocabulary", "merges"):
        _check_texts(value, key)
    elif isinstance(value, list):
        for inner in value:
            _value(inner, key, unknown)
    elif isinstance(value, str):
        _check_name(value, key, unknown)


def _object(value, key, unknown):
    """Check a value that Keras would deserialize to an object; return the name of its class."""
    module, name, registered = _names(value)
    config = value.get("config")
    whole = _OBJECT <= set(value) <= _OBJECT | _SPARE and isinstance(config, dict)
    if registered is not None:  # Keras looks up the class by this name alone
        whole &= registered == f"{allowed.PACKAGE}>{name}" and bool(_MODULE.fullmatch(str(module)))
        module = allowed.PACKAGE
    elif module == allowed.PACKAGE:
        whole = False
    if not whole or (module, name) not in allowed.PLACES.get(key, ()):
        of_keras = registered is None and module in allowed.TRAINING_MODULES and _WORD.fullmatch(name or "")
        if not (whole and of_keras and key in allowed.TRAINING and name != "function" and unknown is not None):
            raise _not_allowed(value, key)
        unknown.append(f"{module}.{name}")
    elif key in allowed.TRAINING:
        values.check_training(config, name)
    if key == "tokenizer":
        _check_tokenizer(name, config)
    if name == "DTypePolicy" and (set(config) != {"name"} or not _is_precision(config["name"])):
        raise Refused(f"has a dtype that is not allowed, {shown(config)}.")
    if not isinstance(value.get("shared_object_id", 0), int):
        raise Refused(f"has a shared_object_id that is not a number, {shown(value['shared_object_id'])}.")
    for entry, inner in (*config.items(), ("build_config", value.get("build_config"))):
        _value(inner, entry, unknown)
    return name


def _names(value):
    """Return the module, class and registered name of an object, each a str or None."""
    names = [value.get(entry) for entry in ("module", "class_name", "registered_name")]
    if not all(isinstance(name, str) or name is None for name in names):
        raise Refused(f"names a class by something other than text, {shown(names)}.")
    return names


def _not_allowed(value, key):
    module, name, registered = _names(value)
    found = f"{shown(name)} of {shown(module)}" + (f", registered as {shown(registered)}" if registered else "")
    if key == "model":
        return Refused(f"is not a tinylm_keras model: it holds {found}.", own=True)
    return Refused(f"names {found}, as {shown(key)}, which is not on the list of names allowed there.", own=True)


def _check_tokenizer(name, config):
    for entry in config:
        if entry not in allowed.TOKENIZERS[name].entries:
            raise Refused(f"has an entry in its {name} that this version does not know, {shown(entry)}.", own=True)
    values.check(config, values.TOKENIZER, name)
    if config.get("sequence_length") is not None:
        sizes.whole(config, "sequence_length", sizes.LONGEST_SEQUENCE)


def _check_texts(value, key):
    good = value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    try:
        "".join(value if good and value else ()).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        good = False
    if not good:
        found = f"a list of {len(value):,} other values" if isinstance(value, list) else shown(value)
        raise Refused(f"has a {key} that is not a list of texts but {found}. A path or an address is never opened.")


def _is_precision(value):
    return isinstance(value, str) and value in allowed.PRECISIONS


def _check_places(value, entry):
    """Check a list of layers and weights: each occurs once, and there are no more than a model can have."""
    good = isinstance(value, list) and len(value) <= MOST_FROZEN
    if not good or not all(isinstance(place, str) and len(place) <= LONGEST_PLACE for place in value):
        raise Refused(f"has an entry {shown(entry)} that does not contain names of layers.")
    if len(set(value)) < len(value):
        raise Refused(f"has an entry {shown(entry)} that contains a layer twice.")


def _check_name(value, key, unknown):
    """Check a string that Keras would look up."""
    if key == "dtype" and not _is_precision(value):
        raise Refused(f"has a dtype that is not allowed, {shown(value)}.")
    odd_pattern = key == "exclude_layers" and not _SIMPLE_PATTERN.fullmatch(value)
    if odd_pattern or (key in allowed.TRAINING and value not in allowed.TRAINING_NAMES):
        if unknown is None or not (odd_pattern or _WORD.fullmatch(value)):
            raise Refused(f"names {shown(value)}, as {shown(key)}, which is not on the list of names allowed there.")
        unknown.append(f"{key}={shown(value)}")
