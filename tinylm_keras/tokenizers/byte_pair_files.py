"""Where a byte-pair vocabulary can come from: GPT-2's two files, or a name on the Hugging Face hub."""

import json
import pathlib

from tinylm_keras import _checks
from tinylm_keras._small_files import read_small

LARGEST = 64 << 20  # bytes; GPT-2's vocabulary takes 1 MB


def read_files(vocabulary_file, merges_file):
    """Read GPT-2's two files: a JSON object of ids by token, and one merge a line.

    Args:
        vocabulary_file: str or path, often named vocab.json.
        merges_file: str or path, often named merges.txt. A first line "#version: …" is skipped.

    Returns:
        (dict of ids by token, list of merges). What they hold is not checked.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a file is not text, or not of its format; the message names it.
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
        raise FileNotFoundError(f"{path} does not exist or is no file. Check the name.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text; byte {error.start} is wrong.") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from None


def fetch(preset):
    """Fetch a tokenizer of the Hugging Face hub over the network.

    Args:
        preset: str. Its name on the hub.

    Returns:
        (dict of ids by token, list of merges). What they hold is not checked.

    Raises:
        ValueError: if it cannot be fetched, or splits text in another way than GPT-2.
    """
    import tokenizers

    _checks.text("preset", preset)
    try:
        fetched = tokenizers.Tokenizer.from_pretrained(preset)
    except Exception as error:  # of the network, the hub or the file; most have several lines
        reason = str(error).strip().split("\n")[0].rstrip(".")
        advice = "Or fetch vocab.json and merges.txt yourself and use BytePairTokenizer.from_files."
        raise _checks.refuse("preset", f"could not be fetched ({reason})", preset, advice) from error
    try:
        ids, merges, _ = parts(json.loads(fetched.to_str()))
    except ValueError as error:
        raise _checks.refuse("preset", f"must be {error}", preset) from None
    return ids, merges


def parts(config):
    """Take a `tokenizers.Tokenizer` apart that goes from text to tokens as GPT-2's does.

    Args:
        config: The content of its tokenizer.json.

    Returns:
        (dict of ids by token, list of merges, set of the tokens that no text becomes). What they hold is not checked.

    Raises:
        ValueError: if it is another; the message is what it must be, to follow "must be".
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
    """Whether the JSON of a `tokenizers.Tokenizer` describes GPT-2's way from text to tokens."""
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
