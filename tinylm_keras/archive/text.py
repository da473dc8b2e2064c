"""Parses JSON after checking how much memory it will take."""

import collections
import json
import math
import re

from tinylm_keras.archive.refusal import Refused, shown

# Enough for a vocabulary of a million tokens; that of GPT-2, with 50,000 tokens and as many merges, takes 2 MB.
LARGEST = 16 << 20
DEEPEST = 32
MOST = {b"{": 10_000, b"[": 500_000, b":": 250_000, b",": 1_500_000}

# A string, or its beginning if it never ends. It never backtracks, so the time is linear in the length.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_STRINGS = re.compile(_STRING, re.DOTALL)
# A limited number of strings at a time, because `sub` stores the pieces between them.
_STRETCH = re.compile(rb'(?:[^"]*+%b){1,10000}+|[^"]++' % _STRING, re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_BRACKET = re.compile(rb"[\[\]{}]")


def parse(content, name):
    """Parse a JSON text of limited size and depth, without NaN and infinities.

    Args:
        content: bytes.
        name: str. The member's name, for messages.

    Raises:
        Refused: if it is not JSON of this kind.
    """
    if len(content) > LARGEST:
        raise Refused(f"has a {name} of more than {LARGEST:,} bytes.", own=True)
    _check_structure(content, name)
    try:
        return json.loads(content.decode(), parse_int=_whole, parse_float=_real, parse_constant=_constant)
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused(f"is damaged: its {name} cannot be read.") from error


def check_unicode(value, name):
    """Refuse a parsed value that contains half of a surrogate pair, in any text or name of an entry.

    JSON can express one, but UTF-8 cannot encode it.
    """
    if isinstance(value, str):
        if _HALF.search(value):
            raise Refused(f"has a text in its {name} that is no valid Unicode, {shown(value)}.")
    elif isinstance(value, (dict, list)):
        for inner in value:
            check_unicode(inner, name)
        for inner in value.values() if isinstance(value, dict) else ():
            check_unicode(inner, name)


def _check_structure(content, name):
    """Limit the signs outside strings, because an empty list takes two bytes in JSON and 64 as a Python object."""
    counts, depth = collections.Counter(), 0
    for stretch in _STRETCH.finditer(content):
        signs = _STRINGS.sub(b"", stretch[0])
        for sign, most in MOST.items():
            counts[sign] += signs.count(sign)
            if counts[sign] > most:
                raise Refused(f"has a {name} with more than {most:,} times {sign.decode()!r}.", own=True)
        for bracket in _BRACKET.finditer(signs):
            depth += 1 if bracket[0] in b"[{" else -1
            if depth > DEEPEST:
                raise Refused(f"has a {name} that is nested more than {DEEPEST} levels deep.")


def _whole(digits):
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise Refused(f"has a number that is too large, {shown(digits)}.")
    return int(digits)


def _real(digits):
    if len(digits) > 40 or not math.isfinite(float(digits)):
        raise Refused(f"has a number that is too large or too long, {shown(digits)}.")
    return float(digits)


def _constant(word):
    raise Refused(f"contains {word}, which JSON does not allow.")
