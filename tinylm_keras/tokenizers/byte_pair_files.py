"""Reads byte-pair vocabularies from files in the format of GPT-2 or from the Hugging Face hub."""

import json
import pathlib

from tinylm_keras import _checks
from tinylm_keras._small_files import read_small

LARGEST = 64 << 20  # bytes; GPT-2's vocabulary takes 1 MB


def read_files(vocabulary_file, merges_file):
    """Read two files in the format of GPT-2: a JSON object from token to id, and one merge on each line.

    Args:
        vocabulary_file: str or path, often named vocab.json.
        merges_file: str or path, often named merges.txt. A first line "#version: …" is skipped.

    Returns:
        (dict from token to id, list of merges). Their contents are not checked.

    Raises:
        FileNotFoundError: if a file does not exist.
        ValueError: if a file is not text, or has the wrong format.
    """
    vocabulary_file, merges_file = pathlib.Path(vocabulary_file), pathlib.Path(merges_file)
    try:
        vocabulary = json.loads(_read(vocabulary_file))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{vocabulary_file} is not JSON: {error}. It must hold an object of ids by token.") from None
    if not isinstance(vocabulary, dict):
        raise ValueError(
            f"{vocabulary_file} must hold a JSON object of ids by token, not a {type(vocabulary).__name__}."
        )
    merges = [line.rstrip("\r") for line in _read(merges_file).split("\n")]
    if merges[0].startswith("#version:"):
        merges[0] = ""
    for number, merge in enumerate(merges, 1):
        if merge and merge.count(" ") != 1:
            raise ValueError(f"{merges_file} must have two tokens on each line, not {merge[:60]!r} on line {number}.")
    return vocabulary, [merge for merge in merges if merge]


def _read(path):
    try:
        return read_small(path, LARGEST).decode("utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist or is not a file. Check the name.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text; byte {error.start} is wrong.") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from None


def fetch(preset):
    """Download a tokenizer from the Hugging Face hub.

    Args:
        preset: str. Its name on the hub.

    Returns:
        (dict from token to id, list of merges). Their contents are not checked.

    Raises:
        ValueError: if it cannot be downloaded, or splits text differently from GPT-2.
    """
    import tokenizers

    _checks.text("preset", preset)
    try:
        fetched = tokenizers.Tokenizer.from_pretrained(preset)
    except Exception as error:  # from the network, the hub or the file; most messages have several lines
        reason = str(error).strip().split("\n")[0].rstrip(".")
        advice = "Or fetch vocab.json and merges.txt yourself and use BytePairTokenizer.from_files."
        raise _checks.refuse("preset", f"could not be fetched ({reason})", preset, advice) from error
    try:
        ids, merges, _ = parts(json.loads(fetched.to_str()))
    except ValueError as error:
        raise _checks.refuse("preset", f"must be {error}", preset) from None
    return ids, merges


def parts(config):
    """Return the parts of a `tokenizers.Tokenizer` that splits text like GPT-2.

    Args:
        config: The content of its tokenizer.json.

    Returns:
        (dict from token to id, list of merges, set of control tokens). Their contents are not checked.

    Raises:
        ValueError: if it is of another kind. The message completes "must be …".
    """
    try:
        if not _splits_as_gpt2(config):
            raise ValueError("a byte-level byte-pair tokenizer that splits as GPT-2")
        added = {token["content"]: token["id"] for token in config["added_tokens"]}
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in config["model"]["merges"]]
        ids = config["model"]["vocab"] | added
        if any(config["model"]["vocab"].get(token, number) != number for token, number in added.items()):
            raise ValueError("a tokenizer that gives each token one id")
    except (KeyError, TypeError, AttributeError):
        raise ValueError("a tokenizer as the package tokenizers writes it") from None
    return ids, merges, set(added)


def _splits_as_gpt2(config):
    """Return whether the JSON of a `tokenizers.Tokenizer` splits text like GPT-2."""
    model, splitter = config["model"], config["pre_tokenizer"] or {}
    others = ("dropout", "byte_fallback", "ignore_merges", "end_of_word_suffix", "continuing_subword_prefix")
    return (
        model["type"] == "BPE"
        and not any(model.get(name) for name in others)
        and splitter.get("type") == "ByteLevel"
        and not splitter.get("add_prefix_space")
        and splitter.get("use_regex", True)
        and config["normalizer"] is None
    )
