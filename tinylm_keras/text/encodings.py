"""Guesses the encoding of bytes that could not be decoded."""

import codecs
import itertools
import re
import unicodedata

from tinylm_keras.text.binary_formats import CONTROLS, is_binary
from tinylm_keras.text.latin_letters import foreign_letters

SAMPLE = 1 << 13  # most bytes that are examined

_MARKS = {
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}

# Encodings of Latin letters; the first of equally good ones is chosen.
_LATIN = ("cp1252", "cp1250", "iso8859-2", "cp1254", "cp1257", "mac-roman", "cp850", "cp852", "cp857", "cp775")
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "koi8-u")
_OTHERS = ("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256")
_OTHERS += ("cp874", "cp737", "cp862", "iso8859_6")

_LETTER = re.compile(r"[^\W\d_]")
_HIRAGANA = re.compile("[\u3041-\u3096]")
# Switches to two-byte characters: an escape sequence, or a tilde with a brace and pairs of characters.
_SHIFTS = re.compile(rb"\x1b\$\)?[@ABC]|~\{(?:[!-w][!-~]){2,}~\}")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def marked(beginning):
    """Return the encoding of a byte-order mark at the beginning, or None."""
    return next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), None)


def wide(beginning):
    """Return "utf-16-le", "utf-16-be", "utf-32-le" or "utf-32-be" for such text without a mark, otherwise None.

    Such bytes are often valid UTF-8, with a NUL or another control character at every second place. A few NULs do not
    make a text wide.

    Args:
        beginning: bytes. The beginning of a file, so that characters are complete.

    Example:

    >>> wide("to be or not to be".encode("utf-16-le")), wide(b"to be")
    ('utf-16-le', None)
    """
    controls = len(CONTROLS.findall(beginning))
    return _wide(beginning) if controls >= 0.35 * len(beginning) or is_binary(beginning) else None


def _wide(beginning):
    for width, name in ((4, "utf-32-le"), (4, "utf-32-be"), (2, "utf-16-le"), (2, "utf-16-be")):
        text = _decode(beginning, name) if len(beginning) >= 2 * width else None
        if text and not _CONTROLS.search(text) and _is_one_script(text):
            return name
    return None


def seven_bit(beginning):
    """Return "iso2022_jp", "iso2022_kr" or "hz" for such text, which is valid ASCII, otherwise None.

    Example:

    >>> seven_bit("昔々".encode("iso2022_jp")), seven_bit(b"to be")
    ('iso2022_jp', None)
    """
    if _SHIFTS.search(beginning):
        for name in ("iso2022_jp", "iso2022_kr", "hz"):
            text = _decode(beginning, name)
            if text and not text.isascii():
                return name
    return None


def guess(sample, beginning=None):
    """Return the most likely encoding of bytes that could not be decoded; None if unknown.

    Args:
        sample: bytes. At most `SAMPLE` of them are examined.
        beginning: bytes or None. The first bytes of the file, if the sample is from a later part.

    Example:

    >>> guess("Die Tür war „offen“.".encode("cp1252")), guess("Она открыла дверь и вышла.".encode("koi8-r"))
    ('cp1252', 'koi8-r')
    """
    sample = sample[:SAMPLE]
    if CONTROLS.search(sample):
        return _wide(sample if beginning is None else beginning[:SAMPLE])
    if (_decode if len(sample) == SAMPLE else _whole)(sample, "utf-8") is not None:
        return "utf-8"
    japanese = _japanese(sample)
    if japanese:
        return japanese
    high = [byte for byte in sample if byte >= 0x80]
    if len(high) < sum(bytes([byte]).isalpha() for byte in sample):
        latin = _best_latin(sample, len(high))
        if latin:
            return latin
    if all(0xA1 <= byte <= 0xDF for byte in high) and sum(byte < 0xC0 for byte in high) > len(high) / 5:
        return "shift_jis"  # half-width katakana, one byte each
    return _cyrillic(sample, high) or _narrowed(_by_statistics(sample, _OTHERS), sample) or _east_asian(sample)


def words_that_are_not_utf8(sample):
    """Return the words of some bytes that are not UTF-8, joined by spaces."""
    return b" ".join(word for word in sample.split() if _whole(word, "utf-8") is None)


def is_mixed(sample):
    """Return whether some words are UTF-8 and others are in another encoding.

    Example:

    >>> is_mixed("café ".encode() + "café".encode("cp1252")), is_mixed("der Bäcker".encode("cp1252"))
    (True, False)
    """
    words = [word for word in sample.split() if not word.isascii()]
    good = sum(_whole(word, "utf-8") is not None for word in words)
    # Few words of another encoding are valid UTF-8 by chance.
    return 0 < good < len(words) and 4 * good >= len(words) - good


def _decode(sample, encoding):
    """Return the text of a sample, which may end in the middle of a character; None if it is not in that encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeError:
        return None


def _whole(content, encoding):
    try:
        return content.decode(encoding)
    except UnicodeError:
        return None


def _is_one_script(text):
    """Whether the letters are from few blocks of Unicode; letters of misread bytes are scattered."""
    letters = [letter for letter in text if not letter.isspace()]
    if not letters or any(unicodedata.category(letter) in ("Cn", "Co") for letter in letters):
        return False
    scripts = {}
    for letter in letters:
        script = _script(letter)
        scripts[script] = scripts.get(script, 0) + 1
    known = {"LATIN", "JAPANESE OR CHINESE", "HANGUL", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI", "DEVANAGARI"}
    good = sum(count for script, count in scripts.items() if script in known)
    foreign = sorted((count for script, count in scripts.items() if script != "LATIN" and script in known))[::-1]
    common = scripts.get("LATIN", 0) + sum(foreign[:1])
    return good >= 0.6 * len(letters) and common >= 0.95 * good and _is_common(letters, scripts)


def _is_common(letters, scripts):
    """Whether most ideographs and syllables are in a standard of 1980; only a fourth of random ones are."""
    if scripts.get("JAPANESE OR CHINESE", 0) + scripts.get("HANGUL", 0) < len(letters) / 2:
        return True
    standards = ("gb2312", "shift_jis", "big5", "euc_kr")
    return any(sum(_encodes(letter, standard) for letter in letters) >= 0.9 * len(letters) for standard in standards)


def _encodes(letter, standard):
    try:
        return bool(letter.encode(standard))
    except UnicodeError:
        return False


def _script(letter):
    name = unicodedata.name(letter, "").split(" ")[0]
    if name in ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"):
        return "JAPANESE OR CHINESE"
    return name if letter.isalpha() else "SIGN"


def _best_latin(sample, high):
    """Return the Latin encoding with the fewest misplaced or foreign letters; None if all have many."""
    faults = {}
    for name in _LATIN:
        text = _decode(sample, name)
        if text is not None:
            faults[name] = _misplaced(text) + foreign_letters(text)
    best = min(faults, key=faults.get, default=None)
    return None if best is None or faults[best] > high / 10 else best


def _japanese(sample):
    """Return the encoding in which many letters are hiragana, as in all Japanese text, or None."""
    for name in ("euc-jp", "shift_jis", "cp932"):
        text = _decode(sample, name)
        kana = len(_HIRAGANA.findall(text)) if text else 0
        if kana and kana >= 0.2 * sum(not letter.isascii() for letter in text):
            return name
    return None


# A symbol or a digit inside a word, as letters of another encoding appear.
_MISPLACED = re.compile(r"(?<=[^\W\d_])(?:(?![’‘'´`\-–—·…”“„«»‹›\s\u00ad])[^\x00-\x7f\w]|[ªº¹²³])(?=[^\W\d_])")


def _misplaced(text):
    inside = len(_MISPLACED.findall(text)) + len(_CONTROLS.findall(text)) + len(re.findall(r"[\x80-\x9f]", text))
    capitals = sum(
        before.islower() and letter.isupper() and not letter.isascii() for before, letter in itertools.pairwise(text)
    )
    odd = len(re.findall(r"[\u2500-\u259f\u2200-\u22ff\uf8ff\u02c0-\u02df]", text))  # frames, mathematics, lone accents
    return inside + capitals + odd


def _by_statistics(sample, names):
    """Return the best of some encodings by charset-normalizer, or None."""
    import charset_normalizer

    for cut in range(4):  # the sample may end in the middle of a character
        found = charset_normalizer.from_bytes(sample[: len(sample) - cut], cp_isolation=list(names)).best()
        if found is not None:
            return found.encoding.replace("_", "-")
    return None


def _cyrillic(sample, high):
    """Return the encoding with mostly common Cyrillic letters and the fewest misplaced ones, or None."""
    faults = {}
    for name in _CYRILLIC:
        text = _decode(sample, name)
        if text and sum(map(text.count, "оеаинтсрвлкмдпу")) > 0.6 * len(high):
            faults[name] = _misplaced(text)
    best = min(faults, key=faults.get, default=None)
    return None if best is None or faults[best] > len(high) / 10 else best


def _east_asian(sample):
    """Return the first encoding with only common characters, for texts with much punctuation, or None."""
    for name in ("gb18030", "big5", "euc-jp", "shift_jis", "euc-kr"):
        text = _decode(sample, name)
        if text and _is_one_script([letter for letter in text if not letter.isascii()]):
            return name
    return None


def _narrowed(name, sample):
    """Return the standard behind an extended encoding, if it has all the characters."""
    plain = {"cp932": "shift_jis", "cp949": "euc-kr"}.get(name)
    return plain if plain and _decode(sample, plain) == _decode(sample, name) else name
