"""The byte-pair tokenizer of a folder of Hugging Face."""

import warnings

from tinylm_keras import archive
from tinylm_keras._small_files import read_small
from tinylm_keras.id_rules import byte_level
from tinylm_keras.tokenizers import BytePairTokenizer, byte_pair_files

# Bytes; GPT-2's tokenizer.json takes 2 MB.
LARGEST = {"tokenizer.json": archive.text.LARGEST}
LARGEST_OF_OTHERS = 1 << 20

# Of tokenizers that are not byte-level byte-pair encoding, and have no tokenizer.json.
_OTHERS = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "vocab.txt")


def read(folder, config):
    """Return the tokenizer of a folder, and how many rows of the token table have a token of it.

    Args:
        folder: `pathlib.Path`.
        config: `huggingface_config.Config`.

    Returns:
        (`BytePairTokenizer`, int); (None, the size of the whole table) where the folder has none.

    Raises:
        archive.Refused: if it has another tokenizer, or one that does not fit the model.
        ValueError: if its files are not of their format; the message names the file.
    """
    found = _tokens(folder)
    if found is None:
        warnings.warn(f"{folder} has no tokenizer: the model takes ids, and no text.", stacklevel=4)
        return None, config.vocabulary_size
    ids, merges, added = found
    try:
        tokens = byte_level.check_vocabulary(ids)
        byte_level.check_merges(merges, tokens)
    except ValueError as error:
        raise archive.Refused(f"has a tokenizer that is not whole: {error}") from None
    rows = len(tokens)
    if rows > config.vocabulary_size:
        raise archive.Refused(f"has a tokenizer of {rows:,} tokens and a vocab_size of {config.vocabulary_size:,}.")
    if rows < config.vocabulary_size:
        spare = config.vocabulary_size - rows
        warnings.warn(f"{folder} has {spare:,} rows of the vocabulary without a token: left out.", stacklevel=4)
    if rows - 1 == config.pad_id != config.end_id and tokens[-1] in added:
        tokens = tokens[:-1]  # it is padding, which the tokenizer adds itself
    return BytePairTokenizer(vocabulary=tokens, merges=merges, end_token=_end(tokens, merges, config)), rows


def _end(tokens, merges, config):
    """The end token, unless it is one that text becomes."""
    if config.end_id is None or config.end_id >= len(tokens):
        return None
    token = tokens[config.end_id]
    made = byte_level.alphabet().keys() | {merge.replace(" ", "") for merge in merges}
    return None if token in made else token


def _tokens(folder):
    """The ids by token, the merges, and the tokens that were added to those; None where there is no tokenizer."""
    if (folder / "tokenizer.json").exists():
        content = read_json(folder, "tokenizer.json")
        try:
            return byte_pair_files.parts(content)
        except ValueError as error:
            raise archive.Refused(f"has a tokenizer.json that is not read: it must be {error}.") from None
    if (folder / "vocab.json").exists():
        ids, merges = byte_pair_files.read_files(folder / "vocab.json", folder / "merges.txt")
        added = read_json(folder, "added_tokens.json") if (folder / "added_tokens.json").exists() else {}
        if not isinstance(added, dict):
            raise archive.Refused("has an added_tokens.json that holds no ids by token.")
        return ids | added, merges, set(added)
    other = next((name for name in _OTHERS if (folder / name).exists()), None)
    if other is not None:
        raise archive.Refused(f"has another tokenizer than byte-level byte-pair encoding ({other}).")
    return None


def read_json(folder, name):
    """Return what a JSON file of the folder holds; its size, its depth and its numbers are bounded.

    Raises:
        archive.Refused: if it is not JSON of this kind.
    """
    try:
        return archive.parse(read_small(folder / name, archive.text.LARGEST), name)
    except archive.Refused:
        raise
    except (OSError, ValueError) as error:
        raise archive.Refused(
            f"has a {name} that cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
