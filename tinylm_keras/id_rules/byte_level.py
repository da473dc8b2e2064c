"""GPT-2's letters for bytes, and checks of a byte-level vocabulary and its merges."""

import codecs

from tinylm_keras import _checks


def alphabet():
    """Return a dict of the 256 letters that GPT-2 writes for bytes, with the byte of each.

    Printable bytes of Latin-1 stand for themselves; the others follow from U+0100 on, so that the blank is "Ġ".

    Example:

    >>> letters = alphabet()
    >>> letters["a"], letters["Ġ"], len(letters)
    (97, 32, 256)
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + index): byte for index, byte in enumerate(others)}


def token_bytes(tokens):
    """The bytes of each token; a control token, which has letters outside the alphabet, stands for its own text."""
    letters = alphabet()
    return [
        bytes(letters[letter] for letter in token) if letters.keys() >= set(token) else token.encode("utf-8")
        for token in tokens
    ]


def unfinished_bytes(data):
    """Number of bytes at the end that begin an incomplete character, 0 to 3."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    return len(decoder.getstate()[0])


def check_vocabulary(vocabulary):
    """Return a `vocabulary` argument, a list of tokens or a dict of ids by token, as a list in the order of the ids."""
    advice = "To read the files of a tokenizer, use BytePairTokenizer.from_files(vocabulary_file, merges_file)."
    if isinstance(vocabulary, str) or not isinstance(vocabulary, (list, tuple, dict)):
        raise _checks.refuse("vocabulary", "must be a list of strings, or a dict of ids by string", vocabulary, advice)
    for token in vocabulary:
        if not isinstance(token, str) or not token:
            raise _checks.refuse("vocabulary", "must hold non-empty strings", token)
    tokens = list(vocabulary)
    if isinstance(vocabulary, dict):
        by_id = {id: token for token, id in vocabulary.items() if isinstance(id, int) and not isinstance(id, bool)}
        missing = next((id for id in range(len(tokens)) if id not in by_id), None)
        if missing is not None:
            rule = f"must give each id from 0 to {len(tokens) - 1} to one token"
            raise _checks.refuse("vocabulary", f"{rule}; no token has the id {missing}", vocabulary)
        tokens = [by_id[id] for id in range(len(tokens))]
    known = set(tokens)
    if len(known) < len(tokens):
        raise _checks.refuse("vocabulary", "must not hold a token twice", _checks.first_repeated(tokens))
    lacking = [letter for letter in alphabet() if letter not in known]
    if lacking:
        rule = f"must hold the 256 letters that bytes are written with; {len(lacking)} are missing, such as"
        raise _checks.refuse("vocabulary", f"{rule} {lacking[0]!r}", vocabulary)
    return tokens


def check_merges(merges, tokens):
    """Return a `merges` argument as a list, or raise unless each is "left right" of tokens that make a token."""
    if isinstance(merges, str) or not isinstance(merges, (list, tuple)):
        rule = 'must be a list of strings such as "t h"'
        advice = "To read the files of a tokenizer, use BytePairTokenizer.from_files(vocabulary_file, merges_file)."
        raise _checks.refuse("merges", rule, merges, advice)
    known = set(tokens)
    for merge in merges:
        parts = merge.split(" ") if isinstance(merge, str) else ()
        if len(parts) != 2 or not all(parts):
            raise _checks.refuse("merges", "must hold strings of two tokens and one blank between", merge)
        unknown = [token for token in (*parts, "".join(parts)) if token not in known]
        if unknown:
            rule = f"must join two tokens of `vocabulary` to a third; {unknown[0][:60]!r} is not in it"
            raise _checks.refuse("merges", rule, merge)
    if len(set(merges)) < len(merges):
        raise _checks.refuse("merges", "must not hold a merge twice", _checks.first_repeated(merges))
    return list(merges)
