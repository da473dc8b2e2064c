"""Describes tokens for llama.cpp. Its tokenizers differ from ours, but some can be configured to give the same ids."""

from __future__ import annotations

import struct

from tinylm_keras import _checks
from tinylm_keras.interop import tokenizer_json
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.interop.tokenizer_json import unique
from tinylm_keras.tokenizers import BytePairTokenizer, WhitespaceTokenizer, WordPunctTokenizer

# llama.cpp writes this character for a blank.
BLANK = "\u2581"

NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6


def check(tokenizer):
    """Raise unless a tokenizer of llama.cpp can give the same ids."""
    if isinstance(tokenizer, WordPunctTokenizer):
        reason = "llama.cpp cannot print the same word with a blank in one place and without it in another"
        advice = ["Use ", _checks.Argument("format", "huggingface"), ", or train with whitespace or byte-pair tokens."]
        raise refuse("A WordPunctTokenizer", "gguf", reason, *advice)
    tokenizer_json.check_kind(tokenizer, "gguf")


def describe(tokenizer, size):
    """Return the description of the tokens in a GGUF file.

    Args:
        tokenizer: One that passes `check`.
        size: int. Number of ids of the model, at least that of the tokenizer.

    Returns:
        A dict of values by name, and a list of the ids that must never be written. There may be more tokens than
        `size`; the additional ones stand for the bytes of unknown characters.
    """
    names = tokenizer_json.control_names(tokenizer)
    end, pad, unknown = tokenizer.end_id, tokenizer.pad_id, tokenizer.unk_id
    if isinstance(tokenizer, BytePairTokenizer):
        tokens = list(tokenizer.get_vocabulary())
        model = {"model": "gpt2", "pre": "gpt-2", "merges": list(tokenizer.get_config()["merges"])}
    elif isinstance(tokenizer, WhitespaceTokenizer):
        tokens, model = [BLANK + word for word in tokenizer.get_vocabulary()], _words()
    else:
        tokens = list(tokenizer.get_vocabulary())
        model = {"model": "llama", "pre": "default", "add_space_prefix": False}
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
    # For an id that is left out, llama.cpp takes 2, 11 or another id, which may be a word.
    ids = {"bos": end, "eos": end, "unknown": unknown, "padding": pad}
    values = {f"{name}_token_id": pad if token_id is None else token_id for name, token_id in ids.items()}
    values |= {"add_bos_token": end is not None, "add_eos_token": False}
    values = model | {"tokens": tokens, "token_type": kinds, "scores": [0.0] * len(tokens)} | values
    return {f"tokenizer.ggml.{name}": value for name, value in values.items()}, sorted(never)


def _words():
    """Return a Unigram model in which each word, with the blank in front of it, is one token."""
    spaces = {"add_space_prefix": True, "remove_extra_whitespaces": True}
    return {"model": "t5", "pre": "default", **spaces, "precompiled_charsmap": _blanks()}


def _blanks():
    r"""Return the table that replaces \t, \n, \v, \f and \r by blanks, in the form of SentencePiece.

    It is a double-array trie: from the root at 0, the byte b leads to 256 + b, and from there to 512 + b. The value at
    512 + b is the offset of the replacement in the texts after the trie.
    """
    root, leaves = 256, 768  # base of the root; base that leads from 256 + b to 512 + b
    nodes = [0] * 1024
    nodes[0] = root << 10
    for byte in b"\t\n\v\f\r":
        nodes[root ^ byte] = leaves << 10 | 1 << 8 | byte
    return struct.pack(f"<I{len(nodes)}I", 4 * len(nodes), *nodes) + b" \0"
