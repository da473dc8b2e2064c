"""Recognizes files that are not plain text by their first bytes."""

import re

CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # bytes that no text in an ASCII-compatible encoding has

# The first bytes of file formats, with their descriptions.
_FORMATS = {
    b"PK\x03\x04": "a zip archive, as .docx, .xlsx, .odt and .epub files are",
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document, as .doc and .xls files are",
    b"\x1f\x8b": "compressed by gzip",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ\x00": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"RIFF": "a RIFF file, as WebP images and WAV sounds are",
    b"OggS": "an Ogg sound",
    b"ID3": "an MP3 sound",
    b"fLaC": "a FLAC sound",
    b"SQLite format 3\x00": "an SQLite database",
    b"PAR1": "a Parquet table",
    b"ARROW1": "an Arrow table",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x7fELF": "a program",
}
# Formats whose first bytes could also begin a text; a control character has to follow.
_ALSO_LETTERS = (b"BZh", b"RIFF", b"OggS", b"ID3", b"fLaC", b"PAR1", b"ARROW1", b"GIF87a", b"GIF89a", b"MM\x00*")


def binary_format(beginning):
    """Return the format of a file by its first bytes, or None if it may be text.

    Example:

    >>> binary_format(b"%PDF-1.7 ..."), binary_format(b"once upon a time")
    ('a PDF document', None)
    """
    for mark, name in _FORMATS.items():
        if beginning.startswith(mark) and (mark not in _ALSO_LETTERS or CONTROLS.search(beginning, len(mark))):
            return name
    if beginning[257:262] == b"ustar":
        return "a tar archive"
    return None


def is_binary(beginning):
    """Return whether the beginning of a file is not text: at least 32 control characters, and more than a tenth."""
    count = len(CONTROLS.findall(beginning))
    return count >= 32 and count > len(beginning) / 10
