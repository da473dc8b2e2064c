"""Which encoding bytes have that are not the text they were said to be."""

import codecs
import itertools
import re
import unicodedata

from tinylm_keras.text.binary_formats import CONTROLS, is_binary
from tinylm_keras.text.latin_letters import foreign_letters

SAMPLE = 1 << 13  # bytes looked at, at the most

_MARKS = {
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}

# Encodings of text in Latin letters; the first of equally good ones is taken.
_LATIN = ("cp1252", "cp1250", "iso8859-2", "cp1254", "cp1257", "mac-roman", "cp850", "cp852", "cp857", "cp775")
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "koi8-u")
_OTHERS = ("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256")
_OTHERS += ("cp874", "cp737", "cp862", "iso8859_6")

_LETTER = re.compile(r"[^\W\d_]")
_HIRAGANA = re.compile("[\u3041-\u3096]")
# What switches to characters of two bytes: an escape sequence, or a tilde with a brace and pairs of signs.
_SHIFTS = re.compile(rb"\x1b\$\)?[@ABC]|~\{(?:[!-w][!-~]){2,}~\}")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def marked(beginning):
    """Return the encoding that a byte-order mark at the beginning stands for, or None."""
    return next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), None)


def wide(beginning):
    """Return "utf-16-le", "utf-16-be", "utf-32-le" or "utf-32-be" where bytes are such text without a mark, else None.

    Such bytes are often valid UTF-8: the text then seems to have a NUL or another control character at every second
    place. A NUL here and there does not make a text wide.

    Args:
        beginning: bytes. From the beginning of a file, since a character must not begin in the middle.

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
    """Return "iso2022_jp", "iso2022_kr" or "hz" where bytes are such text, which is valid ASCII, else None.

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
    """Return the encoding that some bytes, which are not what they were said to be, most likely have; None: unknown.

    Args:
        sample: bytes. At most `SAMPLE` of them are looked at.
        beginning: bytes or None. The first bytes of the file, where the sample is from further on.

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
        return "shift_jis"  # katakana of half the width, each of them one byte
    return _cyrillic(sample, high) or _narrowed(_by_statistics(sample, _OTHERS), sample) or _east_asian(sample)


def words_that_are_not_utf8(sample):
    """Return the words of some bytes that are no UTF-8, joined by blanks."""
    return b" ".join(word for word in sample.split() if _whole(word, "utf-8") is None)


def is_mixed(sample):
    """Return whether UTF-8 and another encoding stand side by side: whole words of one, and whole words of the other.

    Example:

    >>> is_mixed("café ".encode() + "café".encode("cp1252")), is_mixed("der Bäcker".encode("cp1252"))
    (True, False)
    """
    words = [word for word in sample.split() if not word.isascii()]
    good = sum(_whole(word, "utf-8") is not None for word in words)
    # By chance, few words of another encoding are valid UTF-8.
    return 0 < good < len(words) and 4 * good >= len(words) - good


def _decode(sample, encoding):
    """The text of a sample, which may end in the middle of a character; None where it is not of that encoding."""
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
    """Whether the letters stand together in few blocks of Unicode: those of bytes that are misread are scattered."""
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
    """Whether ideographs and syllables are such as a standard of 1980 has: of random ones, a fourth."""
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
    """The Latin encoding with the fewest misplaced signs and letters of another language; None where all have many."""
    faults = {}
    for name in _LATIN:
        text = _decode(sample, name)
        if text is not None:
            faults[name] = _misplaced(text) + foreign_letters(text)
    best = min(faults, key=faults.get, default=None)
    return None if best is None or faults[best] > high / 10 else best


def _japanese(sample):
    """The encoding in which many letters are hiragana, as in all Japanese; read as Korean they are single jamo."""
    for name in ("euc-jp", "shift_jis", "cp932"):
        text = _decode(sample, name)
        kana = len(_HIRAGANA.findall(text)) if text else 0
        if kana and kana >= 0.2 * sum(not letter.isascii() for letter in text):
            return name
    return None


# A sign, a figure or a capital letter inside a word, which is how letters of another encoding look.
_MISPLACED = re.compile(r"(?<=[^\W\d_])(?:(?![’‘'´`\-–—·…”“„«»‹›\s\u00ad])[^\x00-\x7f\w]|[ªº¹²³])(?=[^\W\d_])")


def _misplaced(text):
    inside = len(_MISPLACED.findall(text)) + len(_CONTROLS.findall(text)) + len(re.findall(r"[\x80-\x9f]", text))
    capitals = sum(
        before.islower() and letter.isupper() and not letter.isascii() for before, letter in itertools.pairwise(text)
    )
    odd = len(re.findall(r"[\u2500-\u259f\u2200-\u22ff\uf8ff\u02c0-\u02df]", text))  # frames, mathematics, lone accents
    return inside + capitals + odd


def _by_statistics(sample, names):
    """The best of some encodings by charset-normalizer, None where none fits."""
    import charset_normalizer

    for cut in range(4):  # the sample may end in the middle of a character
        found = charset_normalizer.from_bytes(sample[: len(sample) - cut], cp_isolation=list(names)).best()
        if found is not None:
            return found.encoding.replace("_", "-")
    return None


def _cyrillic(sample, high):
    """The encoding in which most signs are common small letters of Cyrillic, and fewest stand where none belong."""
    faults = {}
    for name in _CYRILLIC:
        text = _decode(sample, name)
        if text and sum(map(text.count, "оеаинтсрвлкмдпу")) > 0.6 * len(high):
            faults[name] = _misplaced(text)
    best = min(faults, key=faults.get, default=None)
    return None if best is None or faults[best] > len(high) / 10 else best


def _east_asian(sample):
    """What the statistics miss where much is punctuation: the first encoding that gives common characters alone."""
    for name in ("gb18030", "big5", "euc-jp", "shift_jis", "euc-kr"):
        text = _decode(sample, name)
        if text and _is_one_script([letter for letter in text if not letter.isascii()]):
            return name
    return None


def _narrowed(name, sample):
    """The standard that an extended encoding extends, where it has all the characters."""
    plain = {"cp932": "shift_jis", "cp949": "euc-kr"}.get(name)
    return plain if plain and _decode(sample, plain) == _decode(sample, name) else name
