"""Reads the byte-pair tokenizer of a folder in the format of Hugging Face."""

import warnings

from tinylm_keras import archive
from tinylm_keras._small_files import read_small
from tinylm_keras.id_rules import byte_level
from tinylm_keras.tokenizers import BytePairTokenizer, byte_pair_files

# Bytes; GPT-2's tokenizer.json takes 2 MB.
LARGEST = {"tokenizer.json": archive.text.LARGEST}
LARGEST_OF_OTHERS = 1 << 20

# The files of other tokenizers than byte-level byte-pair encoding, which have no tokenizer.json.
_OTHERS = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "vocab.txt")


def read(folder, config):
    """Return the tokenizer of a folder, and the number of rows of the token table that have a token.

    Args:
        folder: `pathlib.Path`.
        config: `huggingface_config.Config`.

    Returns:
        (`BytePairTokenizer`, int); (None, the size of the whole table) if the folder has no tokenizer.

    Raises:
        archive.Refused: if the folder has another kind of tokenizer, or one that does not fit the model.
        ValueError: if a file has the wrong format; the message names it.
    """
    found = _tokens(folder)
    if found is None:
        warnings.warn(f"{folder} has no tokenizer: the model takes ids instead of text.", stacklevel=4)
        return None, config.vocabulary_size
    ids, merges, added = found
    try:
        tokens = byte_level.check_vocabulary(ids)
        byte_level.check_merges(merges, tokens)
    except ValueError as error:
        raise archive.Refused(f"has an invalid tokenizer: {error}") from None
    rows = len(tokens)
    if rows > config.vocabulary_size:
        raise archive.Refused(f"has a tokenizer of {rows:,} tokens and a vocab_size of {config.vocabulary_size:,}.")
    if rows < config.vocabulary_size:
        spare = config.vocabulary_size - rows
        warnings.warn(
            f"{folder} has {spare:,} rows of the vocabulary without a token; they are left out.", stacklevel=4
        )
    if rows - 1 == config.pad_id != config.end_id and tokens[-1] in added:
        tokens = tokens[:-1]  # padding, which the tokenizer adds itself
    return BytePairTokenizer(vocabulary=tokens, merges=merges, end_token=_end(tokens, merges, config)), rows


def _end(tokens, merges, config):
    """Return the end token, unless text can become it."""
    if config.end_id is None or config.end_id >= len(tokens):
        return None
    token = tokens[config.end_id]
    made = byte_level.alphabet().keys() | {merge.replace(" ", "") for merge in merges}
    return None if token in made else token


def _tokens(folder):
    """Return the ids by token, the merges, and the added tokens; None without a tokenizer."""
    if (folder / "tokenizer.json").exists():
        content = read_json(folder, "tokenizer.json")
        try:
            return byte_pair_files.parts(content)
        except ValueError as error:
            raise archive.Refused(f"has a tokenizer.json that cannot be read: it must be {error}.") from None
    if (folder / "vocab.json").exists():
        ids, merges = byte_pair_files.read_files(folder / "vocab.json", folder / "merges.txt")
        added = read_json(folder, "added_tokens.json") if (folder / "added_tokens.json").exists() else {}
        if not isinstance(added, dict):
            raise archive.Refused("has an added_tokens.json that does not contain ids by token.")
        return ids | added, merges, set(added)
    other = next((name for name in _OTHERS if (folder / name).exists()), None)
    if other is not None:
        raise archive.Refused(f"has another tokenizer than byte-level byte-pair encoding ({other}).")
    return None


def read_json(folder, name):
    """Return the content of a JSON file of the folder; its size, depth and numbers are bounded.

    Raises:
        archive.Refused: if it is not such JSON.
    """
    try:
        return archive.parse(read_small(folder / name, archive.text.LARGEST), name)
    except archive.Refused:
        raise
    except (OSError, ValueError) as error:
        raise archive.Refused(
            f"has a {name} that cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
