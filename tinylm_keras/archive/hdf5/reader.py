"""Find every array in a file of weights, looking at no byte of it twice, and refuse whatever Keras does not write."""

import math
import struct
import typing

import numpy as np

from tinylm_keras.archive.hdf5 import forms
from tinylm_keras.archive.refusal import Refused, shown

DEEPEST = 32
MOST_OBJECTS = 25_000  # 256 blocks with their optimizer in mixed precision have 20,000
LONGEST_PATH = 1024  # bytes
MOST_DIMENSIONS = 8
MOST_MESSAGES = 64
LARGEST_HEADER = 1 << 16
MOST_ATTRIBUTES = 16
LARGEST_ATTRIBUTE = 1 << 12
HIGHEST_TREE = 4

_TEXTS = (3, 9)  # classes of types: a text of a fixed length, and one of any length
_ELSEWHERE = {forms.EXTERNAL, forms.FILTERS}
_OF_GROUPS = {forms.TABLE, forms.ATTRIBUTE, forms.NOTHING, forms.CONTINUATION, forms.TIME}
_NEWER = {forms.LINK_INFO, forms.LINK_MESSAGE, forms.GROUP_INFO}
_OF_ARRAYS = {forms.SPACE, forms.TYPE, forms.LAYOUT, forms.OLD_FILL, forms.FILL}
_OF_ARRAYS |= {forms.NOTHING, forms.CONTINUATION, forms.TIME}


class Stored(typing.NamedTuple):
    """Where an array stands in its file."""

    dtype: np.dtype
    shape: tuple
    offset: int

    @property
    def count(self):
        return math.prod(self.shape)

    def view(self, data, start=0):
        """Return the array, without copying it, from the bytes of a file that begins at `start` of `data`."""
        if not self.count:
            return np.zeros(self.shape, self.dtype)
        array = np.frombuffer(data, self.dtype, self.count, start + self.offset).reshape(self.shape)
        if self.dtype == bool and array.view("u1").max() > 1:
            raise Refused("has an array of truth values in its weights that contains other numbers.")
        return array


def read(data):
    """Return the arrays of an HDF5 file in memory.

    Args:
        data: bytes, memoryview or mmap. The whole file.

    Returns:
        A dict of arrays that are views of `data`, by their paths, such as `"head/vars/0"`.

    Raises:
        Refused: if it is anything but groups and plain arrays, as Keras writes them.

    Example:

    >>> from tinylm_keras.archive import hdf5
    >>> hdf5.read(hdf5.write({"head/vars/0": np.arange(3)}))
    {'head/vars/0': array([0, 1, 2])}
    """
    with memoryview(data) as view:
        found = _Reader(lambda offset, length: bytes(view[offset : offset + length]), len(view)).arrays()
    return {path: stored.view(data) for path, stored in found.items()}


def scan(file, size):
    """Return where the arrays of an open HDF5 file are, as a dict of `Stored` by path; their numbers are not read.

    Args:
        file: binary file, open for reading.
        size: int. Its length.

    Raises:
        Refused: as `read`.
    """

    def take(offset, length):
        file.seek(offset)
        return file.read(length)

    return _Reader(take, size).arrays()


class _Reader:
    """One pass through a file; `take(offset, length)` returns bytes of it."""

    def __init__(self, take, size):
        self.take, self.size = take, size
        self.unread, self.stretches, self.seen = size, [], set()

    def arrays(self):
        """Return a dict of `Stored` by path; refuse, also where numbers are missing that were not thought of."""
        try:
            return self._arrays()
        except (struct.error, IndexError) as error:
            raise _damaged("it ends too early") from error

    def _arrays(self):
        found, objects = {}, 1  # the root
        groups = [(self._root(), "", 0)]
        while groups:
            (tree, heap), path, depth = groups.pop()
            for name, address in self._members(tree, heap, path):
                objects += 1
                if objects > MOST_OBJECTS:
                    raise Refused(f"has more than {MOST_OBJECTS:,} objects in its weights.", own=True)
                where = f"{path}/{name}" if path else name
                messages = self._messages(address, where)
                if forms.LAYOUT in messages:
                    found[where] = self._array(messages, where)
                elif depth < DEEPEST:
                    groups.append((_table(messages, where), where, depth + 1))
                else:
                    raise Refused(f"has groups in its weights that are nested more than {DEEPEST} levels deep.")
        self._check_stretches()
        return found

    def _bytes(self, offset, length):
        """Read a stretch that nothing else is in."""
        self._claim(offset, length)
        self.unread -= length
        content = self.take(offset, length) if self.unread >= 0 else b""
        if len(content) != length:
            raise _damaged("it ends too early")
        return content

    def _claim(self, offset, length):
        if offset + length > self.size:
            raise _damaged("a place in it is behind its end")
        self.stretches.append((offset, offset + length))

    def _check_stretches(self):
        """Refuse two things in one place: then the work and the arrays are together no larger than the file."""
        self.stretches.sort()
        for (_, end), (begin, _) in zip(self.stretches, self.stretches[1:], strict=False):
            if begin < end:
                raise Refused("is damaged: its model.weights.h5 has two things in one place.")

    def _root(self):
        begin, base, _, end, driver = forms.SUPERBLOCK.unpack(self._bytes(0, forms.SUPERBLOCK.size))
        if not begin.startswith(forms.SIGNATURE):
            raise _damaged("it is not HDF5")
        if begin != forms.BEGIN or (base, driver) != (0, forms.NOWHERE):
            raise _newer("")
        if end != self.size:
            raise _damaged("it is longer or shorter than it says")
        _, address, *_ = forms.ENTRY.unpack(self._bytes(forms.SUPERBLOCK.size, forms.ENTRY.size))
        return _table(self._messages(address, ""), "")

    def _members(self, tree, heap, path):
        """Yield the name and the address of each member of a group, in the order of their names."""
        mark, version, length, _, place = forms.HEAP.unpack(self._bytes(heap, forms.HEAP.size))
        if mark != forms.HEAP_MARK or version or place + length > self.size:
            raise _damaged("a heap of names is none")
        last = ""
        for leaf in self._leaves(tree, range(HIGHEST_TREE)):
            content = self._bytes(leaf, forms.LEAF_SIZE)
            mark, version, _, count = forms.LEAF.unpack_from(content)
            if mark != forms.LEAF_MARK or version != 1 or count > forms.ENTRIES:
                raise _damaged("a leaf of a group is none")
            for number in range(count):
                entry = forms.ENTRY.unpack_from(content, forms.LEAF.size + forms.ENTRY.size * number)
                name = self._name(place + entry[0], place + length, path)
                if entry[2] == forms.LINK:
                    where = _place(f"{path}/{name}")
                    raise Refused(f"has a link in its weights ({where}); only arrays that are in the file are read.")
                if name <= last:
                    raise _damaged("the names in a group are not in order")
                last = name
                yield name, entry[1]

    def _leaves(self, address, levels):
        """Yield the address of each leaf below a node of a tree, whose level is one of `levels`."""
        content = self._bytes(address, forms.TREE_SIZE)
        mark, kind, level, count, _, _ = forms.TREE.unpack_from(content)
        if mark != forms.TREE_MARK or kind or level not in levels or count > forms.CHILDREN:
            raise _damaged("a node of a group is none")
        for number in range(count):
            (child,) = struct.unpack_from("<Q", content, forms.TREE.size + 8 + 16 * number)
            if level:
                yield from self._leaves(child, (level - 1,))
            else:
                yield child

    def _name(self, offset, end, path):
        length = min(LONGEST_PATH - len(path), self.size - offset, end - offset)
        content = self.take(offset, length) if length > 0 else b""
        name, zero, _ = content.partition(b"\0")
        if not zero and length == LONGEST_PATH - len(path):
            raise Refused(f"has a path of more than {LONGEST_PATH:,} bytes in its weights ({_place(path)}).")
        if not zero or not name or not name.isascii() or b"/" in name or name in (b".", b".."):
            raise _damaged("a name in it is none")
        self._claim(offset, len(name) + 1)
        return name.decode("ascii")

    def _messages(self, address, where):
        """Return the messages of a header as a dict of lists of bytes by kind."""
        if address in self.seen:
            raise _two_names(where)
        self.seen.add(address)
        begin = self._bytes(address, forms.HEADER.size)
        version, count, links, length = forms.HEADER.unpack(begin)
        if begin.startswith(b"OHDR"):
            raise _newer(where)
        if version != 1 or count > MOST_MESSAGES:
            raise _damaged("a header is none")
        if links != 1:
            raise _two_names(where)
        messages, stretches, found = {}, [(address + forms.HEADER.size, length)], 0
        for offset, length in stretches:
            if length > LARGEST_HEADER:
                raise _damaged("a header is too long")
            content, place = self._bytes(offset, length), 0
            while place < length and found < count:
                kind, size, flags = forms.MESSAGE.unpack_from(content, place)
                body = content[place + forms.MESSAGE.size :][:size]
                place, found = place + forms.MESSAGE.size + size, found + 1
                if flags not in (0, forms.CONSTANT):  # shared with another object, or for programs to come
                    raise _something_else(where)
                if place > length:
                    raise _damaged("a header is cut off")
                if kind == forms.CONTINUATION:
                    stretches.append(forms.PAIR.unpack(body))
                messages.setdefault(kind, []).append(body)
            if place != length:
                raise _damaged("a header has gaps")
        if found != count:
            raise _damaged("a header is cut off")
        return messages

    def _array(self, messages, where):
        """Return an array that is stored whole, in one piece, in this file, as a `Stored`."""
        if forms.ATTRIBUTE in messages:
            raise Refused(
                f"has an array with an attribute in its weights, as bfloat16 does ({_place(where)}).", own=True
            )
        layout, kind, space = (_only(messages, kind) for kind in (forms.LAYOUT, forms.TYPE, forms.SPACE))
        if not layout.startswith(forms.CONTIGUOUS_BEGIN) or _ELSEWHERE & messages.keys():
            rule = "only arrays in one piece, uncompressed and in the file, are read"
            place = _place(where)
            raise Refused(f"has a chunked, compressed, virtual or external array in its weights ({place}); {rule}.")
        if messages.keys() - _OF_ARRAYS:
            raise _something_else(where)
        dtype = forms.DTYPES.get(kind)
        if dtype is None:
            place = _place(where)
            raise Refused(f"has an array of something else than plain numbers in its weights ({place}).", own=True)
        shape = _shape(space, where)
        _, _, offset, length = forms.CONTIGUOUS.unpack_from(layout)
        count = math.prod(shape)
        if length != count * dtype.itemsize or (offset == forms.NOWHERE and length):
            raise Refused(f"has an array in its weights that is not stored whole ({_place(where)}, {count:,} numbers).")
        if length and offset + length > self.size:
            raise Refused(f"has an array that extends past the end of its weights ({_place(where)}).")
        if length:
            self._claim(offset, length)
        return Stored(dtype, shape, offset if length else 0)


def _shape(space, where):
    version, rank, flags = space[:3]
    if version != 1 or rank > MOST_DIMENSIONS or flags > 1 or len(space) != 8 + 8 * rank * (1 + flags):
        raise Refused(f"has an array without a shape in its weights ({_place(where)}).")
    return struct.unpack_from(f"<{rank}Q", space, 8)


def _table(messages, where):
    """Return where the tree and the heap of a group are. Its attributes are looked at, and never read."""
    if _NEWER & messages.keys():
        raise _newer(where)
    if forms.TABLE not in messages or messages.keys() - _OF_GROUPS:
        raise _something_else(where)
    attributes = messages.get(forms.ATTRIBUTE, ())
    if len(attributes) > MOST_ATTRIBUTES or not all(map(_is_text, attributes)):
        raise Refused(f"has attributes in its weights that Keras does not write ({_place(where)}).")
    return forms.PAIR.unpack(_only(messages, forms.TABLE))


def _is_text(attribute):
    """Whether the message of an attribute is short and says that its value is a text."""
    version, _, name_length, type_length, _ = struct.unpack_from("<2B3H", attribute)
    begin = 8 + name_length + -name_length % 8
    return version == 1 and len(attribute) <= LARGEST_ATTRIBUTE and attribute[begin] & 15 in _TEXTS and type_length


def _only(messages, kind):
    if len(messages.get(kind, ())) != 1:
        raise _damaged("a header says two things, or nothing")
    return messages[kind][0]


def _place(path):
    """The place of an object as a message says it."""
    return shown("/" + path.removeprefix("/"))


def _damaged(why):
    return Refused(f"is damaged: its model.weights.h5 cannot be read ({why}).")


def _newer(where):
    return Refused(f"has weights in another form of HDF5 than Keras writes ({_place(where)}).", own=True)


def _two_names(where):
    return Refused(f"has one object under two names in its weights ({_place(where)}).")


def _something_else(where):
    return Refused(f"has something else than groups and arrays in its weights ({_place(where)}).")
