"""The companions of token files: index.json, which describes them, and the tokenizer."""

import hashlib
import json
import math

import keras

from tinylm_keras import _checks, archive, tokenizers
from tinylm_keras._small_files import read_small
from tinylm_keras.data.token_files.part_writer import DTYPES

INDEX, TOKENIZER = "index.json", "tokenizer.json"
FILES = {"train": ("train.bin",), "validation": ("validation.bin", "val.bin")}  # the first one is written

VERSION = 1
LARGEST_INDEX, LARGEST_TOKENIZER = 1 << 20, archive.text.LARGEST  # bytes


def file_of(part):
    """Return the file name of the part "train" or "validation"."""
    return FILES[part][0]


# The tokenizer


def check_tokenizer(tokenizer):
    """Raise unless `tokenizer` can be written to a file."""
    if not isinstance(tokenizer, tokenizers.Tokenizer):
        raise _checks.refuse("tokenizer", "must be a Tokenizer", tokenizer, error=TypeError)
    name = keras.saving.get_registered_name(type(tokenizer))
    if keras.saving.get_registered_object(name) is not type(tokenizer):
        advice = "Decorate it with keras.saving.register_keras_serializable(package=…)."
        raise _checks.refuse("tokenizer", "must be of a registered class", type(tokenizer).__name__, advice)


def has_vocabulary(tokenizer):
    """Return whether a tokenizer has a vocabulary."""
    try:
        return tokenizer.vocabulary_size() > 0
    except ValueError:
        return False


def tokenizer_json(tokenizer):
    """Return a tokenizer as JSON, serialized by Keras, without its name: that counts the tokenizers of the process."""
    serialized = keras.saving.serialize_keras_object(tokenizer)
    serialized["config"] = {name: value for name, value in serialized["config"].items() if name != "name"}
    return json.dumps(serialized, indent=1, ensure_ascii=False) + "\n"


def read_tokenizer(folder):
    """Return the tokenizer of token files, which must be a registered subclass of `Tokenizer`.

    Tokenizers of this package are checked like those in a model's file: a path in it is never opened.
    """
    content = _json(folder, TOKENIZER, LARGEST_TOKENIZER)
    config, name = content.get("config"), content.get("registered_name")
    kind = keras.saving.get_registered_object(name) if isinstance(name, str) else None
    if not isinstance(config, dict) or not isinstance(kind, type) or not issubclass(kind, tokenizers.Tokenizer):
        raise refuse(folder, f"{TOKENIZER} holds no known tokenizer ({name!r})")
    try:
        if name.startswith("tinylm_keras>"):
            archive.check_tokenizer(content)
        return kind(**{key: value for key, value in config.items() if key not in ("name", "trainable", "dtype")})
    except archive.Refused as refused:
        raise refuse(folder, f"{TOKENIZER} {str(refused).removesuffix('.')}") from None
    except (TypeError, ValueError) as error:
        raise refuse(folder, f"{TOKENIZER} holds a tokenizer that cannot be created ({_line(error)})") from None


# The index


def describe(tokenizer, dtype, splits, sources, learned_from=None):
    """Return index.json as text.

    Args:
        tokenizer: `Tokenizer`.
        dtype: str. One of `DTYPES`.
        splits: dict of dict. The entries for "train" and perhaps "validation".
        sources: list of str.
        learned_from: dict or None. The size of the sample from which the vocabulary was learned; see `data.learning`.
    """
    about = {"class": type(tokenizer).__name__, "sha256": tokenizer.fingerprint()}
    if learned_from is not None:
        about["learned_from"] = learned_from
    index = {
        "version": VERSION,
        "dtype": dtype,
        "vocabulary_size": tokenizer.vocabulary_size(),
        "pad_id": tokenizer.pad_id,
        "tokenizer": about,
        "sources": list(sources),
        "splits": splits,
    }
    return json.dumps(index, indent=2, ensure_ascii=False) + "\n"


def read_index(folder):
    """Return index.json as a dict, with types and ranges checked.

    Raises:
        ValueError: if it is missing, too large, not JSON, or of another version or form.
    """
    index = _json(folder, INDEX, LARGEST_INDEX)
    version = index.get("version")
    if version != VERSION or isinstance(version, bool):
        raise refuse(folder, f"{INDEX} has version {version!r}, but this package reads {VERSION}")
    _check(folder, index, _INDEX_FORM, "")
    _check(folder, index["tokenizer"], _TOKENIZER_FORM, "tokenizer.", optional=["learned_from"])
    size = index["vocabulary_size"]
    if index["pad_id"] is not None and index["pad_id"] >= size:
        raise refuse(folder, f"{INDEX} has a pad_id of {index['pad_id']} in a vocabulary of {size}")
    _check(folder, index["splits"], _SPLITS_FORM, "splits.")
    for part, split in index["splits"].items():
        if part not in FILES:
            raise refuse(folder, f"{INDEX} has a split {part!r}; valid splits are {', '.join(FILES)}")
        _check(folder, split, _SPLIT_FORM, f"splits.{part}.")
        outside = [token for token, _ in split["first_tokens"] if token >= size]
        if outside:
            raise refuse(folder, f"{INDEX} has the first token {outside[0]} in {part}, but a vocabulary of {size}")
        if split["tokens"] != split["count"] - 1:
            raise refuse(folder, f"{INDEX} has {split['count']} ids and {split['tokens']} predicted tokens in {part}")
    return index


def fingerprint(tokenizer, parts):
    """Return the fingerprint of token files from the fingerprints of their tokenizer and their files, in order."""
    return hashlib.sha256(" ".join([tokenizer, *parts]).encode()).hexdigest()


def fingerprint_of_index(index):
    """Return the fingerprint of token files by their index, without reading other files."""
    parts = [index["splits"][part]["sha256"] for part in FILES if part in index["splits"]]
    return fingerprint(index["tokenizer"]["sha256"], parts)


def refuse(folder, problem, advice="Prepare the token files again: tinylm prepare"):
    """Return the error for a folder without valid token files."""
    return _checks.refuse("folder", f"must hold token files, but {problem}", str(folder), advice)


def _json(folder, name, largest):
    try:
        text = read_small(folder / name, largest)
    except FileNotFoundError:
        raise refuse(folder, f"there is no {name}") from None
    except OSError as error:
        raise refuse(folder, f"{name} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise refuse(folder, f"{name} {str(error).removeprefix('it ')}") from None
    try:
        content = archive.parse(text, name)
        archive.text.check_unicode(content, name)
    except archive.Refused as refused:
        raise refuse(folder, f"{name} cannot be parsed as JSON: it {str(refused).removesuffix('.')}") from None
    if not isinstance(content, dict):
        raise refuse(folder, f"{name} is not a JSON object")
    return content


def _line(error):
    return str(error).strip().split("\n")[0]


def _whole(value, least=0):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def _text(value):
    return isinstance(value, str)


def _digest(value):
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _plain_name(value):
    """Whether this is the name of a file in the folder itself, so that nothing outside it is read."""
    return isinstance(value, str) and value.endswith(".bin") and not set(value) & set("/\\:\0")


def _pairs(value):
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(_whole, pair)) for pair in value
    )


def _bits(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


# For each entry: a test, and a description of valid values.
_INDEX_FORM = {
    "dtype": (lambda value: value in DTYPES if isinstance(value, str) else False, "uint16 or uint32"),
    "vocabulary_size": (lambda value: _whole(value, 1) and value <= 2**32, "a whole number from 1 to 2**32"),
    "pad_id": (lambda value: value is None or _whole(value), "a whole number or null"),
    "tokenizer": (lambda value: isinstance(value, dict) and _digest(value.get("sha256")), "an object with a sha256"),
    "sources": (lambda value: isinstance(value, list) and all(map(_text, value)), "a list of strings"),
    "splits": (lambda value: isinstance(value, dict), "an object"),
}
_TOKENIZER_FORM = {
    "learned_from": (
        lambda value: isinstance(value, dict) and all(_whole(value.get(name)) for name in ("bytes", "of_bytes")),
        "an object with bytes and of_bytes",
    ),
}
_SPLITS_FORM = {"train": (lambda value: isinstance(value, dict), "an object")}
_SPLIT_FORM = {
    "file": (_plain_name, "the name of a .bin file in the folder"),
    "count": (lambda value: _whole(value, 2), "a whole number of at least 2"),
    "documents": (_whole, "a whole number"),
    "tokens": (_whole, "a whole number"),
    "characters": (_whole, "a whole number"),
    "unknown": (_whole, "a whole number"),
    "unknown_bits": (_bits, "a number of at least 0"),
    "first_tokens": (_pairs, "a list of pairs of whole numbers"),
    "sha256": (_digest, "64 hexadecimal digits"),
}


def _check(folder, entries, form, where, optional=()):
    if not isinstance(entries, dict):
        raise refuse(folder, f"{INDEX} must have an object at {where[:-1]}")
    for name, (good, words) in form.items():
        if name in optional and name not in entries:
            continue
        if name not in entries or not good(entries[name]):
            shown = repr(entries[name])[:60] if name in entries else "nothing"
            raise refuse(folder, f"{INDEX} must have {words} at {where}{name}, not {shown}")
