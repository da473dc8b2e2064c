"""The tokens of a model as llama.cpp wants them. It has no tokenizer like ours, but some that can be made to agree."""

from __future__ import annotations

import struct

from tinylm_keras import _checks
from tinylm_keras.interop import tokenizer_json
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.interop.tokenizer_json import unique
from tinylm_keras.tokenizers import BytePairTokenizer, WhitespaceTokenizer, WordPunctTokenizer

# llama.cpp writes a blank so.
BLANK = "\u2581"

NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6


def check(tokenizer):
    """Raise unless llama.cpp can be made to agree with a tokenizer."""
    if isinstance(tokenizer, WordPunctTokenizer):
        reason = "llama.cpp has no words that are written with a blank in one place and without it in another"
        advice = ["Use ", _checks.Argument("format", "huggingface"), ", or train with whitespace or byte-pair tokens."]
        raise refuse("A WordPunctTokenizer", "gguf", reason, *advice)
    tokenizer_json.check_kind(tokenizer, "gguf")


def describe(tokenizer, size):
    """Return what a GGUF file says of the tokens.

    Args:
        tokenizer: One that passes `check`.
        size: int. How many ids the model has, at least as many as the tokenizer.

    Returns:
        The pair of a dict of values by name, and a list of the ids that must never be written. There may be more tokens
        than `size`: the further ones stand for bytes of unknown characters.
    """
    names = tokenizer_json.control_names(tokenizer)
    end, pad, unknown = tokenizer.end_id, tokenizer.pad_id, tokenizer.unk_id
    if isinstance(tokenizer, BytePairTokenizer):
        tokens, model = list(tokenizer.get_vocabulary()), _byte_pairs(tokenizer)
    elif isinstance(tokenizer, WhitespaceTokenizer):
        tokens, model = [BLANK + word for word in tokenizer.get_vocabulary()], _words()
    else:
        tokens, model = list(tokenizer.get_vocabulary()), _characters()
        if " " in tokens:
            if BLANK in tokens:
                tokens[tokens.index(BLANK)] = "[BLANK SIGN]"
            tokens[tokens.index(" ")] = BLANK
        if end is not None and len(names[end]) < 3:  # llama.cpp joins two characters that make a token
            names[end] = f"[{names[end]}]"
    kinds = [NORMAL] * len(tokens)
    taken = {token for token_id, token in enumerate(tokens) if token_id not in names}
    for token_id, name in names.items():
        tokens[token_id], kinds[token_id] = unique(name, taken), UNKNOWN if token_id == unknown else CONTROL
        taken.add(tokens[token_id])
    never = {pad, unknown, *range(len(tokens), size)} - {None}
    tokens += [unique(f"[UNUSED {token_id}]", taken) for token_id in range(len(tokens), size)]
    kinds += [UNUSED] * (len(tokens) - len(kinds))
    if model["model"] == "llama":
        never |= set(range(size, size + 256))
        tokens += [f"<0x{byte:02X}>" for byte in range(256)]
        kinds += [BYTE] * 256
    # What is left out here llama.cpp takes for 2, 11 or another id, which is a word.
    ids = {"bos": end, "eos": end, "unknown": unknown, "padding": pad}
    values = {f"{name}_token_id": pad if token_id is None else token_id for name, token_id in ids.items()}
    values |= {"add_bos_token": end is not None, "add_eos_token": False}
    values = model | {"tokens": tokens, "token_type": kinds, "scores": [0.0] * len(tokens)} | values
    return {f"tokenizer.ggml.{name}": value for name, value in values.items()}, sorted(never)


def _byte_pairs(tokenizer):
    return {"model": "gpt2", "pre": "gpt-2", "merges": list(tokenizer.get_config()["merges"])}


def _words():
    """A Unigram model in which each word is one token with the blank in front of it."""
    spaces = {"add_space_prefix": True, "remove_extra_whitespaces": True}
    return {"model": "t5", "pre": "default", **spaces, "precompiled_charsmap": _blanks()}


def _characters():
    return {"model": "llama", "pre": "default", "add_space_prefix": False}


def _blanks():
    r"""The table that makes a blank of \t, \n, \v, \f and \r, as SentencePiece stores one.

    It is a double-array trie: from the root at 0 the byte b leads to 256 + b, and from there to 512 + b, whose value is
    the place of the replacement among the texts behind the trie.
    """
    root, leaves = 256, 768  # base of the root; base that leads from 256 + b to 512 + b
    nodes = [0] * 1024
    nodes[0] = root << 10
    for byte in b"\t\n\v\f\r":
        nodes[root ^ byte] = leaves << 10 | 1 << 8 | byte
    return struct.pack(f"<I{len(nodes)}I", 4 * len(nodes), *nodes) + b" \0"
