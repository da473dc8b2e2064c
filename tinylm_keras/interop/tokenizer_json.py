"""Describes a tokenizer as `tokenizer.json`, the file of the package `tokenizers`, with the same ids for every text."""

from __future__ import annotations

from tinylm_keras.id_rules.spacing import JOINING, NO_BLANK_AFTER, NO_BLANK_BEFORE
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer
from tinylm_keras.tokenizers.word_punct import TOKEN

# A name with a blank inside, which no text becomes.
PAD = "[PAD ]"

KINDS = (BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer)


def check_kind(tokenizer, to):
    """Raise unless a tokenizer is one of this package, whose rules can be described.

    Args:
        tokenizer: A tokenizer, or None.
        to: str. The format, for the message.
    """
    if type(tokenizer) not in KINDS:
        what = "A model without a tokenizer" if tokenizer is None else f"A tokenizer of {type(tokenizer).__name__}"
        reason = f"only {', '.join(kind.__name__ for kind in KINDS)} are supported"
        raise refuse(what, to, reason, "Use safetensors, onnx, saved-model or litert, which contain no tokenizer.")


def unique(name, taken):
    """Return `name`, with underscores appended until it is not in `taken`."""
    while name in taken:
        name += "_"
    return name


def control_names(tokenizer):
    """Return the names of the control tokens in other programs, as a dict of str by id.

    Programs find tokens by their names. So a control token needs a name that no text becomes; the end token keeps its
    own, but is left out of the vocabulary in which text is looked up.
    """
    words = set(tokenizer.get_vocabulary()) - {tokenizer.end_token}
    names = {tokenizer.pad_id: unique(PAD, words)}
    if tokenizer.unk_id is not None:
        unknown = tokenizer.unknown_text
        names[tokenizer.unk_id] = unknown if unknown not in words - {"[UNK]"} else unique("[UNK]", words - {"[UNK]"})
    if tokenizer.end_id is not None:
        names[tokenizer.end_id] = tokenizer.end_token
    return names


def describe(tokenizer):
    """Return the content of tokenizer.json as a value for JSON.

    The end token, if there is one, is put in front of each text, as in training.

    Args:
        tokenizer: A tokenizer of this package, with a vocabulary.

    Example:

    >>> tokenizer = WhitespaceTokenizer(vocabulary=["the", "cat"], end_token="<end>")
    >>> describe(tokenizer)["model"]["vocab"]
    {'[PAD ]': 0, '[UNK]': 1, 'the': 2, 'cat': 3}
    """
    names = control_names(tokenizer)
    end, pad = tokenizer.end_id, tokenizer.pad_id
    added = sorted({pad} if end is None else {pad, end})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(names[token_id], token_id) for token_id in added],
        "normalizer": None,
        "pre_tokenizer": _pre_tokenizer(tokenizer),
        "post_processor": None if end is None else _end_in_front(names[end], end),
        "decoder": _decoder(tokenizer),
        "model": _model(tokenizer, names),
    }


def settings(tokenizer, context_length):
    """Return the content of tokenizer_config.json.

    Args:
        tokenizer: As for `describe`.
        context_length: int or None. Maximum number of tokens of a text; None: no limit.
    """
    names = control_names(tokenizer)
    control = {"pad_token": names[tokenizer.pad_id]}
    if tokenizer.end_id is not None:
        control |= {"bos_token": tokenizer.end_token, "eos_token": tokenizer.end_token}
    limit = {} if context_length is None else {"model_max_length": context_length}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **control,
        **limit,
        "split_special_tokens": True,  # otherwise the characters of the end token in a text would become its id
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],  # otherwise GPT-2 would add embeddings of token types
    }


def _added(name, token_id):
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token_id, "content": name, **flags, "special": True}


def _end_in_front(name, token_id):
    end, text = {"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}
    pair = [end, text, {"Sequence": {"id": "B", "type_id": 0}}]
    special = {name: {"id": name, "ids": [token_id], "tokens": [name]}}
    return {"type": "TemplateProcessing", "single": [end, text], "pair": pair, "special_tokens": special}


def _split(regex, behavior, invert=False):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def _replace(regex, content):
    return {"type": "Replace", "pattern": {"Regex": regex}, "content": content}


def _pre_tokenizer(tokenizer):
    if isinstance(tokenizer, BytePairTokenizer):
        return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    if isinstance(tokenizer, WhitespaceTokenizer):
        return _split(r"[ \t\n\x0b\x0c\r]+", "Removed")
    if isinstance(tokenizer, WordPunctTokenizer):
        return _split(TOKEN, "Removed", invert=True)
    return _split(r"[\s\S]", "Isolated")


def _decoder(tokenizer):
    """Return the rule that joins tokens to text; None joins them with blanks."""
    if isinstance(tokenizer, BytePairTokenizer):
        return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    if isinstance(tokenizer, CharacterTokenizer):
        return {"type": "Fuse"}
    if isinstance(tokenizer, WhitespaceTokenizer):
        return None
    # The spacing of straight quotes depends on which ones are open, which no decoder knows: they get blanks around them
    none_before, none_after = (_class(marks | JOINING) for marks in (NO_BLANK_BEFORE, NO_BLANK_AFTER))
    blanks = [_replace(f"^(?!{none_before}|--)", " "), {"type": "Fuse"}]
    blanks += [_replace(f"(?<={none_after}) |(?<=--) ", ""), {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
    return {"type": "Sequence", "decoders": blanks}


def _class(characters):
    return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in sorted(characters)) + "]"


def _model(tokenizer, names):
    tokens = enumerate(tokenizer.get_vocabulary())
    if isinstance(tokenizer, BytePairTokenizer):
        # An end token at the end gets the next id by itself; one in the middle keeps its position.
        last = tokenizer.pad_id - 1 if tokenizer.end_id == tokenizer.pad_id - 1 else tokenizer.pad_id
        kept = {token: token_id for token_id, token in tokens if token_id < last}
        merges = [merge.split(" ") for merge in tokenizer.get_config()["merges"]]
        plain = {"dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None}
        flags = dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), False)
        return {"type": "BPE", **plain, **flags, "vocab": kept, "merges": merges}
    kept = {names.get(token_id, token): token_id for token_id, token in tokens if token_id != tokenizer.end_id}
    return {"type": "WordLevel", "vocab": kept, "unk_token": names[tokenizer.unk_id]}
