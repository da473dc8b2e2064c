"""Texts from TensorFlow Datasets by name."""

import re

import numpy as np

from tinylm_keras import _checks

# Name, config, version, split, key. A split may hold a colon, as in train[:10%]; a version is told by its dots.
_NAME = re.compile(
    r"tfds:(?P<name>[\w-]+(?:/[\w.-]+)?(?::\d+\.\d+\.\d+)?)(?::(?P<split>[^#]+))?(?:#(?P<key>.+))?", re.ASCII
)


def read(source):
    """Return the texts of one split of a TensorFlow Datasets data set, prepared (and downloaded) first when needed.

    Args:
        source: str such as `"tfds:tiny_shakespeare"` or `"tfds:imdb_reviews/plain_text:train[:10%]#text"`.

    Returns:
        A list of str, in the data set's own order.

    Raises:
        ValueError: if the name, split or key does not exist; the messages list those that do.

    Example:

    >>> _NAME.fullmatch("tfds:glue/sst2:train[:10%]#sentence").groups()
    ('glue/sst2', 'train[:10%]', 'sentence')
    """
    match = _NAME.fullmatch(source)
    if not match:
        advice = "Try 'tfds:tiny_shakespeare'."
        raise _checks.refuse("source", "must look like tfds:NAME[/config][:split][#key]", source, advice)
    name, split, key = match["name"], match["split"] or "train", match["key"] or "text"
    builder = _builder(source, name)
    _check_key(source, builder, key)
    # The columns that are not asked for, pictures perhaps, are never decoded.
    data = _dataset(source, builder, split, key)
    try:
        return [entry[key].decode("utf-8") for entry in data.as_numpy_iterator()]
    except UnicodeDecodeError as error:
        raise _checks.refuse("source", f"must hold UTF-8 text ({error.reason})", source) from None


def _import():
    try:
        import tensorflow_datasets
    except ImportError:
        advice = "Install it: pip install tensorflow-datasets"
        raise _checks.refuse("source", "needs tensorflow-datasets", "tfds:…", advice, error=ImportError) from None
    return tensorflow_datasets


def _builder(source, name):
    tfds = _import()
    try:
        builder = tfds.builder(name)
        builder.download_and_prepare()
    except tfds.core.DatasetNotFoundError:
        raise _checks.refuse("source", "must name a data set that TensorFlow Datasets knows", source) from None
    except Exception as error:  # what a builder's own code and the network may raise has no common class
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise _checks.refuse("source", f"must be a data set that can be prepared ({reason})", source) from None
    return builder


def _check_key(source, builder, key):
    features = builder.info.features
    keys = sorted(features) if hasattr(features, "keys") else []
    if key not in keys:
        advice = f"There are: {', '.join(map(repr, keys)) or 'none'}. Write {source.partition('#')[0]}#KEY."
        raise _checks.refuse("source", f"must have the key {key!r}", source, advice)
    if features[key].shape or np.dtype(features[key].np_dtype) != object:
        raise _checks.refuse("source", f"must hold one string under the key {key!r}", source)


def _dataset(source, builder, split, key):
    try:
        decoders = _import().decode.PartialDecoding({key: builder.info.features[key]})
        return builder.as_dataset(split=split, shuffle_files=False, decoders=decoders)
    except (ValueError, KeyError):
        advice = f"There are: {', '.join(map(repr, builder.info.splits))}."
        raise _checks.refuse("source", f"must have the split {split!r}", source, advice) from None
