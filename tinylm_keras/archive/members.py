"""The zip part: a `.keras` file is exactly the three members that Keras writes, uncompressed, one after the other."""

import io
import pathlib
import re
import struct
import zipfile
import zlib

from tinylm_keras.archive.refusal import Refused, shown

NAMES = ("metadata.json", "config.json", "model.weights.h5")

# Three entries take about 200 bytes.
LARGEST_DIRECTORY = 2048

_END = struct.Struct("<4s4H2LH")  # mark, two disk numbers, entries here, entries, size, offset, length of the comment
_LOCAL = struct.Struct("<4s5H3L2H")  # mark, version, flags, method, time, date, checksum, two sizes, two lengths
_ZIP64_END = 76  # bytes between directory and end, in archives beyond 2 GB
_NOT_WHOLE = "is no .keras file, or a part of one: it is not a whole zip archive."


class Member(io.RawIOBase):
    """A stretch of an open file, read as if it were a file of its own; nothing is copied to memory or disk.

    Args:
        file: binary file, open for reading.
        start: int. Where the stretch begins.
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


def check_place(path):
    """Refuse what is not a regular `.keras` file with a zip archive in it. Returns its `pathlib.Path`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is something else.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", str(path)):
        raise ValueError(f"{path} is an address, and only files are loaded. Download it first.")
    path = pathlib.Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Name the .keras file in it.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Check the name; a model file ends in .keras.")
    if not path.is_file():
        raise ValueError(f"{path} is not a regular file but a device, a pipe or a socket.")
    if path.suffix != ".keras":
        raise ValueError(f"{path} must end in .keras. Rename it if it is a model of this package.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: it was cut off while it was written, or never written.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} {_NOT_WHOLE}")
    return path


def read(file):
    """Return the members of an archive as a dict of `Member` by name, each with its checksum verified.

    Args:
        file: binary file, open for reading.

    Raises:
        Refused: if the archive is anything but the three members, stored as they are, end to end.
    """
    end, size = _directory_end(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries, directory = archive.infolist(), archive.start_dir
    except Exception as error:  # zipfile raises many kinds on damaged directories
        raise Refused(_NOT_WHOLE) from error
    names = [entry.orig_filename for entry in entries]
    if sorted(names) != sorted(NAMES):
        found = ", ".join(map(shown, names))
        raise Refused(f"is not a tinylm_keras model: it must hold {', '.join(NAMES)}, not {found}.", own=True)
    members, position = {}, 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        members[entry.filename] = _member(file, entry, position)
        position = members[entry.filename].start + members[entry.filename].size
    if position != directory or directory + size not in (end, end - _ZIP64_END):
        raise Refused("is damaged: its zip archive has gaps or overlaps.")
    for entry in entries:
        _verify(entry, members[entry.filename])
    return members


def _directory_end(file):
    """Return where the end record stands and the size of the directory; only then is the directory read.

    zipfile reads and keeps a directory of any length, a million entries too.
    """
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - _END.size - 0xFFFF)
    file.seek(start)
    tail = file.read(size - start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused(_NOT_WHOLE)
    _, disk, directory_disk, here, count, directory_size, _, comment = _END.unpack_from(tail, at)
    if disk or directory_disk or here != count or at + _END.size + comment != len(tail):
        raise Refused(_NOT_WHOLE)
    if count != len(NAMES):
        many = "65,535 or more" if count == 0xFFFF else f"{count:,}"
        raise Refused(f"is not a tinylm_keras model: it must hold {', '.join(NAMES)}, not {many} members.", own=True)
    if directory_size > LARGEST_DIRECTORY:
        raise Refused(f"is damaged: the directory of its zip archive takes {directory_size:,} bytes.")
    return start + at, directory_size


def _member(file, entry, position):
    """Return the member of a directory entry, whose header must stand at `position` and say the same."""
    name = entry.filename
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size or entry.flag_bits:
        raise Refused(f"has a compressed or encrypted member, {name}; Keras stores them as they are.")
    file.seek(position)
    header = file.read(_LOCAL.size + len(name))
    if entry.header_offset != position or len(header) < _LOCAL.size + len(name):
        raise Refused("is damaged: its zip archive has gaps or overlaps.")
    mark, _, flags, method, _, _, checksum, packed, unpacked, length, extra = _LOCAL.unpack_from(header)
    sizes = {(entry.file_size, entry.file_size), (0xFFFFFFFF, 0xFFFFFFFF)}  # the second: see the extra field
    same = mark == b"PK\3\4" and not flags and method == zipfile.ZIP_STORED and checksum == entry.CRC
    if not same or (packed, unpacked) not in sizes or header[_LOCAL.size :] != name.encode() or length != len(name):
        raise Refused(f"is damaged: its zip archive says two things about {name}.")
    return Member(file, position + len(header) + extra, entry.file_size)


def _verify(entry, member):
    """Read a member once, a piece at a time, and compare its checksum."""
    checksum, piece = 0, bytearray(1 << 20)
    while count := member.readinto(piece):
        checksum = zlib.crc32(memoryview(piece)[:count], checksum)
    if checksum != entry.CRC or member.position != member.size:
        raise Refused(f"is damaged: the checksum of its {entry.filename} does not agree.")
    member.seek(0)
