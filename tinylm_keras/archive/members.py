"""Checks the zip archive: exactly the three members that Keras writes, uncompressed and contiguous."""

import contextlib
import io
import os
import pathlib
import re
import stat
import struct
import zipfile
import zlib

from tinylm_keras._terminal import printable
from tinylm_keras.archive.refusal import Refused, shown

NAMES = METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"

# Three entries take about 200 bytes.
LARGEST_DIRECTORY = 2048

_END = struct.Struct("<4s4H2LH")  # mark, two disk numbers, entries here, entries, size, offset, length of the comment
_LOCAL = struct.Struct("<4s5H3L2H")  # mark, version, flags, method, time, date, checksum, two sizes, two lengths
# Between directory and end in archives beyond 2 GB; zipfile uses it instead of the end record.
_ZIP64_END = struct.Struct("<4sQ2H2L4Q")  # mark, its length, two versions, then as above
_ZIP64_PLACE = struct.Struct("<4sLQL")  # mark, disk number, offset of the record, number of disks
_ZIP64 = _ZIP64_END.size + _ZIP64_PLACE.size
_GAPS = "is damaged: its zip archive has gaps or overlaps."
_NO_FILE = "is not a regular file but a device, a pipe or a socket."
NOT_WHOLE = "is not a .keras file, or only a part of one: it is not a complete zip archive."


class Member(io.RawIOBase):
    """A part of an open file with the interface of a file; nothing is copied.

    Args:
        file: binary file, open for reading.
        start: int. Offset of the part.
        size: int. Its length in bytes.
    """

    def __init__(self, file, start, size):
        super().__init__()
        self.file, self.start, self.size, self.position = file, start, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self.position = offset + (0, self.position, self.size)[whence]
        return self.position

    def tell(self):
        return self.position

    def readinto(self, buffer):
        count = max(0, min(len(buffer), self.size - self.position))
        self.file.seek(self.start + self.position)
        with memoryview(buffer) as view:
            count = self.file.readinto(view[:count])
        self.position += count
        return count


@contextlib.contextmanager
def open_file(path):
    """A context that opens a regular, non-empty `.keras` file, and yields the binary file.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is not such a file.
    """
    path, shown_path = _check_place(path), printable(path)
    # The file may have been replaced since, for example by a pipe: opening must not block.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError(f"{shown_path} {_NO_FILE}")
        if facts.st_size == 0:
            raise ValueError(f"{shown_path} is empty: it was cut off while it was written, or never written.")
        yield file


def _check_place(path):
    """Refuse a path that does not name a regular `.keras` file, before it is opened. Returns its `pathlib.Path`."""
    shown_path = printable(path)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", str(path)):
        raise ValueError(f"{shown_path} is an address, and only files are loaded. Download it first.")
    path = pathlib.Path(path)
    if path.is_dir():
        raise ValueError(f"{shown_path} is a folder. Name the .keras file in it.")
    if not path.exists():
        raise FileNotFoundError(f"{shown_path} does not exist. Check the name; a model file ends in .keras.")
    if not path.is_file():
        raise ValueError(f"{shown_path} {_NO_FILE}")
    if path.suffix != ".keras":
        raise ValueError(f"{shown_path} must end in .keras. Rename it if it is a model of this package.")
    return path


def is_whole(file):
    """Return whether an open file ends like a zip archive."""
    try:
        return zipfile.is_zipfile(file)
    except zipfile.BadZipFile:
        return False


def read(file, checksums=True):
    """Return the members of an archive as a dict of `Member` by name.

    Args:
        file: binary file, open for reading.
        checksums: bool. Whether to read every byte and compare checksums.

    Raises:
        Refused: if the archive is not exactly the three members, uncompressed and contiguous.
    """
    directory = _directory_of(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries, start = archive.infolist(), archive.start_dir
    except Exception as error:  # zipfile raises many kinds on damaged directories
        raise Refused(NOT_WHOLE) from error
    names = [entry.orig_filename for entry in entries]
    if start != directory or sorted(names) != sorted(NAMES):
        found = ", ".join(map(shown, names[: len(NAMES)]))
        raise Refused(f"is not a tinylm_keras model: it must hold {', '.join(NAMES)}, not {found}.", own=True)
    members, position = {}, 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        members[entry.filename] = _member(file, entry, position, directory)
        position = members[entry.filename].start + members[entry.filename].size
    if position != directory:
        raise Refused(_GAPS)
    for entry in entries if checksums else ():
        _verify(entry, members[entry.filename])
    return members


def comment(file):
    """Return the comment at the end of an archive, as bytes."""
    tail, _, at = _end_of(file)
    return tail[at + _END.size :]


def _end_of(file):
    """Return the last bytes of an archive, their offset in the file, and the offset of the end record in them."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - _END.size - 0xFFFF - _ZIP64)
    file.seek(start)
    tail = file.read(size - start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size or at + _END.size + _END.unpack_from(tail, at)[-1] != len(tail):
        raise Refused(NOT_WHOLE)
    return tail, start, at


def _directory_of(file):
    """Return the offset of the directory, after checking that both end records agree.

    It must be checked first, because zipfile reads a directory of any length into memory.
    """
    tail, start, at = _end_of(file)
    _, *disks, here, count, length, directory, _ = _END.unpack_from(tail, at)
    if any(disks) or here != count:
        raise Refused(NOT_WHOLE)
    if count != len(NAMES):
        many = "65,535 or more" if count == 0xFFFF else f"{count:,}"
        raise Refused(f"is not a tinylm_keras model: it must hold {', '.join(NAMES)}, not {many} members.", own=True)
    if length > LARGEST_DIRECTORY:
        raise Refused(f"is damaged: the directory of its zip archive takes {length:,} bytes.")
    end = start + at
    if tail[:at][-_ZIP64_PLACE.size :].startswith(b"PK\6\7"):
        directory, end = _zip64_directory(tail[:at], end, length, directory), end - _ZIP64
    if directory + length != end:
        raise Refused(_GAPS)
    return directory


def _zip64_directory(before, end, length, directory):
    """Return the offset of the directory in the second end record, which must agree with the first.

    Args:
        before: bytes. The bytes before the first end record.
        end: int. Offset of that record.
        length: int. Size of the directory in the first record.
        directory: int. Offset of the directory in the first record, or the largest number that fits there.
    """
    same = len(before) >= _ZIP64
    if same:
        mark, own_length, _, _, *disks, here, count, size, offset = _ZIP64_END.unpack_from(before, len(before) - _ZIP64)
        _, disk, place, many = _ZIP64_PLACE.unpack_from(before, len(before) - _ZIP64_PLACE.size)
        same = mark == b"PK\6\6" and own_length == _ZIP64_END.size - 12 and not any(disks)
        same &= here == count == len(NAMES) and size == length and directory in (offset, 0xFFFFFFFF)
        same &= (disk, many) == (0, 1) and place == end - _ZIP64
    if not same:
        raise Refused("is damaged: its zip archive has two ends that do not agree.")
    return offset


def _member(file, entry, position, end):
    """Return the member of a directory entry, whose header must be at `position` and agree with the entry.

    `end` is the offset at the end of the last member.
    """
    name = entry.filename
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size or entry.flag_bits:
        raise Refused(f"has a compressed or encrypted member, {name}; Keras stores them as they are.")
    if entry.header_offset != position or not 0 <= entry.file_size <= end - position:
        raise Refused(_GAPS)
    file.seek(position)
    header = file.read(_LOCAL.size + len(name))
    if len(header) < _LOCAL.size + len(name):
        raise Refused(_GAPS)
    mark, _, flags, method, _, _, checksum, packed, unpacked, length, extra = _LOCAL.unpack_from(header)
    sizes = {(entry.file_size, entry.file_size), (0xFFFFFFFF, 0xFFFFFFFF)}  # the second: see the extra field
    same = mark == b"PK\3\4" and not flags and method == zipfile.ZIP_STORED and checksum == entry.CRC
    if not same or (packed, unpacked) not in sizes or header[_LOCAL.size :] != name.encode() or length != len(name):
        raise Refused(f"is damaged: its zip archive says two things about {name}.")
    return Member(file, position + len(header) + extra, entry.file_size)


def _verify(entry, member):
    """Read a member in pieces and compare its checksum."""
    checksum, piece = 0, bytearray(1 << 20)
    while count := member.readinto(piece):
        checksum = zlib.crc32(memoryview(piece)[:count], checksum)
    if checksum != entry.CRC or member.position != member.size:
        raise Refused(f"is damaged: the checksum of its {entry.filename} does not agree.")
    member.seek(0)
