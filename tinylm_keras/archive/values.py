"""The type of each entry of a config, since JSON allows any value anywhere."""

from tinylm_keras.archive.refusal import Refused, shown

LONGEST_NAME = 200
LARGEST_COUNT = 2**53  # up to here float64 is exact, the type in which counts are summed


def whole(least=0, most=2**63 - 1):
    """Return a test for integers in a range; bool is not accepted."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text(value):
    return isinstance(value, str)


def truth(value):
    return isinstance(value, bool)


def name(value):
    return isinstance(value, str) and len(value) <= LONGEST_NAME


def object_of(value):
    """Return whether a value describes an object of any class; the class is checked elsewhere."""
    return isinstance(value, dict) and "class_name" in value


def kind(value):
    """Return whether a value is a dtype: its name, or a policy as an object."""
    return isinstance(value, str) or object_of(value)


def pairs(value):
    """Return whether a value is a list of ids with their counts."""
    good = isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
    if not good or not all(_id(pair[0]) and _count(pair[1]) for pair in value):
        return False
    return sum(pair[1] for pair in value) <= LARGEST_COUNT


def counts(value):
    """Return whether a value is a dict of characters with their counts."""
    good = isinstance(value, dict) and all(len(character) == 1 for character in value)
    return good and all(map(_count, value.values())) and sum(value.values()) <= LARGEST_COUNT


def settings(value):
    """Return whether a value can be generation settings; their ranges are checked when the model is created."""
    return isinstance(value, dict) and all(map(_setting, value.values()))


def _setting(value):
    return value is None or number(value) or text(value) or (isinstance(value, list) and all(map(text, value)))


_id, _count = whole(0, 2**32), whole(1, LARGEST_COUNT)


# For each entry: a test, its description for messages, and whether it may be null.
_TEXT, _NAME = (text, "a text", False), (name, f"a text of at most {LONGEST_NAME} characters", True)
_NUMBER, _TRUTH, _DTYPE = (number, "a number", True), (truth, "true or false", True), (kind, "a dtype", True)
MODEL = {
    "name": _NAME,
    "dtype": _DTYPE,
    "pad_id": (whole(), "a whole number", True),
    "tokenizer": (object_of, "a tokenizer", True),
    "generation_defaults": (settings, "an object of numbers and texts", True),
    "first_tokens": (pairs, "a list of pairs of an id and a count", True),
    "dropout": (number, "a number", False),
    "norm": _TEXT,
    "activation": _TEXT,
    "embeddings_stddev": _NUMBER,
    "kernel_stddev": _NUMBER,
    "head_bias": (truth, "true or false", False),
    "logit_soft_cap": _NUMBER,
    "embedding_deviation": _NUMBER,  # this and the following entries only in formats 1 and 2
    "weights_deviation": _NUMBER,
    "logit_cap": _NUMBER,
}
TOKENIZER = {
    "name": _NAME,
    "trainable": _TRUTH,
    "dtype": _DTYPE,
    "config_file": _NAME,
    "max_tokens": (whole(1), "a whole number of at least 1", True),
    "end_token": (text, "a text", True),
    "character_counts": (counts, "an object of a count for each character", True),
}
COMPILE = {
    "run_eagerly": _TRUTH,
    "auto_scale_loss": _TRUTH,
    "jit_compile": (lambda value: isinstance(value, bool) or value == "auto", 'true, false or "auto"', True),
    "steps_per_execution": (whole(1, 2**31 - 1), "a whole number from 1 to 2,147,483,647", True),
}

# Entries of optimizers, schedules, losses and metrics that are strings; all others are numbers, true, false or null.
_TEXTS_OF_TRAINING = {"name", "dtype", "reduction", "shape"}
_PARTS_OF_TRAINING = {"learning_rate", "inner_optimizer", "dtype"}


def check(entries, form, what):
    """Refuse a dict with an entry of the wrong type.

    Args:
        entries: dict.
        form: dict. `MODEL`, `TOKENIZER` or `COMPILE`; other entries are not checked.
        what: str. The name of the object, for the message.

    Raises:
        Refused: for the first wrong entry.
    """
    for entry, (good, words, null) in form.items():
        if entry in entries and not (good(entries[entry]) or (null and entries[entry] is None)):
            raise Refused(f"has a wrong {entry} in its {what}: it must be {words}, not {shown(entries[entry])}.")


def check_ids(config):
    """Refuse ids in the config of a model that are outside its vocabulary; `config` has passed `check`."""
    size = config["vocabulary_size"]
    ids = [("pad_id", config.get("pad_id"))] + [("first_tokens", pair[0]) for pair in config.get("first_tokens") or ()]
    for entry, token_id in ids:
        if token_id is not None and token_id >= size:
            raise Refused(f"has the id {token_id} in its {entry}, and a vocabulary of {size:,}.", own=True)


def check_training(config, what):
    """Refuse entries of an optimizer, schedule, loss or metric whose type is not the one that Keras writes."""
    for entry, value in config.items():
        values = value if isinstance(value, list) else [value]
        good = isinstance(value, list) is (entry in ("exclude_layers", "boundaries", "values")) or value is None
        if entry == "exclude_layers":
            good &= all(map(text, values)) or value is None
        elif entry in _TEXTS_OF_TRAINING and isinstance(value, str):
            good &= len(value) <= LONGEST_NAME
        elif entry in _PARTS_OF_TRAINING and object_of(value):
            pass
        else:
            plain = (one is None or isinstance(one, (bool, int, float)) for one in values)
            good &= all(plain) and (entry != "name" or value is None)
        if not good:
            raise Refused(f"has a wrong value in its {what}, {shown(value)} as {shown(entry)}.")
