"""Reads texts of TensorFlow Datasets by name."""

import importlib
import re

import numpy as np

from tinylm_keras import _checks, _tf_data

# Name, config, version, split, key. A split may hold a colon, as in train[:10%]; a version is told by its dots.
_NAME = re.compile(
    r"tfds:(?P<name>[\w-]+(?:/[\w.-]+)?(?::\d+\.\d+\.\d+)?)(?::(?P<split>[^#]+))?(?:#(?P<key>.+))?", re.ASCII
)


def open_texts(source):
    """Prepare a data set of TensorFlow Datasets, perhaps by downloading it, and return a function for its texts.

    Args:
        source: str such as `"tfds:tiny_shakespeare"` or `"tfds:imdb_reviews/plain_text:train[:10%]#text"`. The key of
            a nested feature is a path: `#question/text`. Its value is a text or a list of texts.

    Returns:
        A function without arguments. Each call iterates over the texts (str), in the data set's own order, a few
        entries at a time.

    Raises:
        ValueError: if the name, split or key does not exist; the messages list valid ones.

    Example:

    >>> _NAME.fullmatch("tfds:glue/sst2:train[:10%]#sentence").groups()
    ('glue/sst2', 'train[:10%]', 'sentence')
    """
    match = _NAME.fullmatch(source)
    if not match:
        advice = "Try 'tfds:tiny_shakespeare'."
        raise _checks.refuse("source", "must look like tfds:NAME[/config][:split][#key]", source, advice)
    name, split, path = match["name"], match["split"] or "train", (match["key"] or "text").split("/")
    builder = _builder(source, name)
    _check_key(source, builder, path)
    data = _dataset(source, builder, split, path[0])
    return lambda: _texts(source, data, path)


def _texts(source, data, path):
    for entry in data.as_numpy_iterator():
        for key in path:
            entry = entry[key]
        try:
            for text in [entry] if isinstance(entry, bytes) else entry:
                yield text.decode("utf-8")
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
    importlib.import_module("tinylm_keras.text.tiny_stories")  # registers tfds:tiny_stories
    try:
        builder = tfds.builder(name)
        builder.download_and_prepare()
    except tfds.core.DatasetNotFoundError:
        raise _checks.refuse("source", "must name a data set that TensorFlow Datasets knows", source) from None
    except Exception as error:  # builders and the network raise various classes
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise _checks.refuse("source", f"must be a data set that can be prepared ({reason})", source) from None
    return builder


def _check_key(source, builder, path):
    feature, key = builder.info.features, "/".join(path)
    for part in path:
        if part not in _keys(feature):
            keys = list(_flat_keys(builder.info.features))
            advice = f"There are: {', '.join(map(repr, keys)) or 'none'}. Write {source.partition('#')[0]}#KEY."
            raise _checks.refuse("source", f"must have the key {key!r}", source, advice)
        feature = feature[part]
    if _keys(feature) or len(feature.shape) > 1 or np.dtype(feature.np_dtype) != object:
        raise _checks.refuse("source", f"must hold text under the key {key!r}", source)


def _keys(feature):
    return sorted(feature) if hasattr(feature, "keys") else []


def _flat_keys(feature, prefix=""):
    for key in _keys(feature):
        yield from _flat_keys(feature[key], f"{prefix}{key}/") if _keys(feature[key]) else [prefix + key]


def _dataset(source, builder, split, key):
    tfds, decoders = _import(), None
    if type(builder.info.features) is tfds.features.FeaturesDict:  # its subclasses, such as Translation, are all text
        # Other columns, such as images, are not decoded.
        decoders = tfds.decode.PartialDecoding({key: True})
    try:
        return _tf_data.untuned(builder.as_dataset(split=split, shuffle_files=False, decoders=decoders))
    except (ValueError, KeyError):
        advice = f"There are: {', '.join(map(repr, builder.info.splits))}."
        raise _checks.refuse("source", f"must have the split {split!r}", source, advice) from None
