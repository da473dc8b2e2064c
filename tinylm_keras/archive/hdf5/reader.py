"""Finds all arrays in a file of weights, reading no byte twice, and refuses everything that Keras does not write."""

import struct

from tinylm_keras.archive.hdf5 import forms, headers
from tinylm_keras.archive.refusal import Refused

DEEPEST = 32
MOST_OBJECTS = 25_000  # 256 blocks with their optimizer in mixed precision have 20,000
LONGEST_PATH = 1024  # bytes
MOST_MESSAGES = 64
LARGEST_HEADER = 1 << 16
HIGHEST_TREE = 4


def read(data):
    """Return the arrays of an HDF5 file in memory.

    Args:
        data: bytes, memoryview or mmap. The whole file.

    Returns:
        A dict of arrays, which are views of `data`, by path, such as `"head/vars/0"`.

    Raises:
        Refused: if the file contains anything but groups and plain arrays as Keras writes them.

    Example:

    >>> import numpy as np
    >>> from tinylm_keras.archive import hdf5
    >>> hdf5.read(hdf5.write({"head/vars/0": np.arange(3)}))
    {'head/vars/0': array([0, 1, 2])}
    """
    with memoryview(data) as view:
        found = _Reader(lambda offset, length: bytes(view[offset : offset + length]), len(view)).arrays()
    return {path: stored.view(data) for path, stored in found.items()}


def scan(file, size):
    """Return the positions of the arrays in an open HDF5 file, as a dict of `Stored` by path, without reading them.

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
    """One pass through a file; `take(offset, length)` returns some of its bytes."""

    def __init__(self, take, size):
        self.take, self.size = take, size
        self.unread, self.stretches, self.seen = size, [], set()

    def arrays(self):
        """Return a dict of `Stored` by path; also refuse files that end in an unexpected place."""
        try:
            return self._arrays()
        except (struct.error, IndexError) as error:
            raise headers.damaged("it ends too early") from error

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
                    groups.append((headers.table(messages, where), where, depth + 1))
                else:
                    raise Refused(f"has groups in its weights that are nested more than {DEEPEST} levels deep.")
        self._check_stretches()
        return found

    def _bytes(self, offset, length):
        """Read a range of bytes that no other structure may use."""
        self._claim(offset, length)
        self.unread -= length
        content = self.take(offset, length) if self.unread >= 0 else b""
        if len(content) != length:
            raise headers.damaged("it ends too early")
        return content

    def _claim(self, offset, length):
        if offset + length > self.size:
            raise headers.damaged("an address in it is beyond its end")
        self.stretches.append((offset, offset + length))

    def _check_stretches(self):
        """Refuse structures that overlap. So neither the work nor the arrays can be larger than the file."""
        self.stretches.sort()
        for (_, end), (begin, _) in zip(self.stretches, self.stretches[1:], strict=False):
            if begin < end:
                raise Refused("is damaged: its model.weights.h5 has structures that overlap.")

    def _root(self):
        begin, base, _, end, driver = forms.SUPERBLOCK.unpack(self._bytes(0, forms.SUPERBLOCK.size))
        if not begin.startswith(forms.SIGNATURE):
            raise headers.damaged("it is not HDF5")
        if begin != forms.BEGIN or (base, driver) != (0, forms.NOWHERE):
            raise headers.newer("")
        if end != self.size:
            raise headers.damaged("its length is not the one that it states")
        _, address, *_ = forms.ENTRY.unpack(self._bytes(forms.SUPERBLOCK.size, forms.ENTRY.size))
        return headers.table(self._messages(address, ""), "")

    def _members(self, tree, heap, path):
        """Yield the name and the address of each member of a group, sorted by name."""
        mark, version, length, _, place = forms.HEAP.unpack(self._bytes(heap, forms.HEAP.size))
        if mark != forms.HEAP_MARK or version or place + length > self.size:
            raise headers.damaged("a heap of names is invalid")
        last = ""
        for leaf in self._leaves(tree, range(HIGHEST_TREE)):
            content = self._bytes(leaf, forms.LEAF_SIZE)
            mark, version, _, count = forms.LEAF.unpack_from(content)
            if mark != forms.LEAF_MARK or version != 1 or count > forms.ENTRIES:
                raise headers.damaged("a leaf of a group is invalid")
            for number in range(count):
                entry = forms.ENTRY.unpack_from(content, forms.LEAF.size + forms.ENTRY.size * number)
                name = self._name(place + entry[0], place + length, path)
                if entry[2] == forms.LINK:
                    where = headers.place(f"{path}/{name}")
                    raise Refused(f"has a link in its weights ({where}); only arrays in the file itself are read.")
                if name <= last:
                    raise headers.damaged("the names in a group are not in order")
                last = name
                yield name, entry[1]

    def _leaves(self, address, levels):
        """Yield the address of each leaf below a node of a tree, whose level is one of `levels`."""
        content = self._bytes(address, forms.TREE_SIZE)
        mark, kind, level, count, _, _ = forms.TREE.unpack_from(content)
        if mark != forms.TREE_MARK or kind or level not in levels or count > forms.CHILDREN:
            raise headers.damaged("a node of a group is invalid")
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
            raise Refused(f"has a path of more than {LONGEST_PATH:,} bytes in its weights ({headers.place(path)}).")
        text = name.decode("ascii", "replace")
        if not zero or not text.isascii() or not text.isprintable() or "/" in text or text in ("", ".", ".."):
            raise headers.damaged("a name in it is invalid")
        self._claim(offset, len(name) + 1)
        return text

    def _messages(self, address, where):
        """Return the messages of a header as a dict of lists of bytes by kind."""
        if address in self.seen:
            raise headers.two_names(where)
        self.seen.add(address)
        begin = self._bytes(address, forms.HEADER.size)
        version, count, links, length = forms.HEADER.unpack(begin)
        if begin.startswith(b"OHDR"):
            raise headers.newer(where)
        if version != 1 or count > MOST_MESSAGES:
            raise headers.damaged("a header is invalid")
        if links != 1:
            raise headers.two_names(where)
        messages, stretches, found = {}, [(address + forms.HEADER.size, length)], 0
        for offset, length in stretches:
            if length > LARGEST_HEADER:
                raise headers.damaged("a header is too long")
            content, place = self._bytes(offset, length), 0
            while place < length and found < count:
                kind, size, flags = forms.MESSAGE.unpack_from(content, place)
                begin, place, found = place + forms.MESSAGE.size, place + forms.MESSAGE.size + size, found + 1
                body = content[begin:place]
                if flags not in (0, forms.CONSTANT):  # shared with another object, or of a newer version
                    raise headers.something_else(where)
                if place > length:
                    raise headers.damaged("a header is cut off")
                if kind == forms.CONTINUATION:
                    stretches.append(forms.PAIR.unpack(body))
                messages.setdefault(kind, []).append(body)
            if place != length:
                raise headers.damaged("a header has gaps")
        if found != count:
            raise headers.damaged("a header is cut off")
        return messages

    def _array(self, messages, where):
        array = headers.array(messages, where, self.size)
        if array.count:
            self._claim(array.offset, array.count * array.dtype.itemsize)
        return array
