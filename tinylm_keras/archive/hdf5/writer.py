"""Writes arrays as HDF5 in the form that h5py and Keras read and write."""

import numpy as np

from tinylm_keras.archive.hdf5 import forms


def write(arrays):
    """Return an HDF5 file with some arrays.

    Args:
        arrays: dict of arrays by path, such as `"head/vars/0"`; the parts of a path are groups.

    Returns:
        bytes.

    Raises:
        ValueError: if the values of an array are neither numbers nor booleans, or a path leads through an array.

    Example:

    >>> write({"head/vars/0": np.zeros(2, "float32")})[:4]
    b'\\x89HDF'
    """
    return b"".join(pieces(arrays))


def pieces(arrays):
    """Return the file of `write` as a list of bytes-like objects, without copying contiguous arrays."""
    tree = {}
    for path, array in arrays.items():
        *groups, name = path.split("/")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise ValueError(f"{path!r} leads through an array.")
        if name in place:
            raise ValueError(f"{path!r} is also a group, or given twice.")
        place[name] = np.asarray(array)
    writer = _Writer()
    root = writer.group(tree)
    begin = forms.SUPERBLOCK.pack(forms.BEGIN, 0, forms.NOWHERE, writer.end, forms.NOWHERE)
    writer.pieces[0] = begin + forms.ENTRY.pack(0, root[0], 1, 0, *root[1:])
    return writer.pieces


class _Writer:
    """Writes one structure after the other, each after those that it refers to; only the superblock is first.

    Attributes:
        pieces: list of bytes-like objects.
        end: int. Their total length.
    """

    def __init__(self):
        self.end = forms.SUPERBLOCK.size + forms.ENTRY.size
        self.pieces = [bytes(self.end)]

    def put(self, content):
        """Append bytes, or the bytes of an array; return their address."""
        address, length = self.end, memoryview(content).nbytes
        self.pieces += [content, bytes(-length % 8)]
        self.end += length + -length % 8
        return address

    def group(self, members):
        """Write a dict of groups and arrays; return the addresses of its header, tree and heap."""
        names, places, heap = sorted(members), {}, bytearray(8)
        for name in names:
            places[name] = len(heap)
            heap += forms.padded(name.encode("ascii") + b"\0")
        written = {name: self._member(members[name]) for name in names}
        leaves = []  # with the offset of the last name in each
        for some in _parts(names, forms.ENTRIES):
            entries = b"".join(forms.ENTRY.pack(places[name], written[name], 0, 0, 0, 0) for name in some)
            leaf = forms.LEAF.pack(forms.LEAF_MARK, 1, 0, len(some)) + entries
            leaves.append((self.put(leaf.ljust(forms.LEAF_SIZE, b"\0")), places[some[-1]]))
        tree, data = self._tree(leaves), self.put(bytes(heap))
        names = self.put(forms.HEAP.pack(forms.HEAP_MARK, 0, len(heap), forms.NOTHING_FREE, data))
        return self._header([(forms.TABLE, forms.PAIR.pack(tree, names))]), tree, names

    def _member(self, member):
        return self.group(member)[0] if isinstance(member, dict) else self._array(member)

    def _tree(self, children):
        """Write the nodes above some children, each an address and the offset of its last name; return the root."""
        level = 0
        while True:
            nodes, begin = [], 0  # with the offset of the last name before each
            groups = _parts(children, forms.CHILDREN) or [[]]
            first = self.end
            for number, some in enumerate(groups):
                left = first + forms.TREE_SIZE * (number - 1) if number else forms.NOWHERE
                right = first + forms.TREE_SIZE * (number + 1) if number + 1 < len(groups) else forms.NOWHERE
                node = forms.TREE.pack(forms.TREE_MARK, 0, level, len(some), left, right) + begin.to_bytes(8, "little")
                node += b"".join(forms.PAIR.pack(*child) for child in some)
                begin = some[-1][1] if some else 0
                nodes.append((self.put(node.ljust(forms.TREE_SIZE, b"\0")), begin))
            if len(nodes) == 1:
                return nodes[0][0]
            children, level = nodes, level + 1

    def _array(self, array):
        dtype = array.dtype.newbyteorder("<")
        if dtype not in forms.TYPES:
            raise ValueError(f"An array of {array.dtype} cannot be written.")
        array = np.ascontiguousarray(array, dtype).reshape(array.shape)  # a scalar would become an array
        address = self.put(array.reshape(-1).view("u1")) if array.nbytes else forms.NOWHERE
        space = bytes([1, array.ndim, 0]) + bytes(5) + np.array(array.shape, "<u8").tobytes()
        messages = {
            forms.SPACE: space,
            forms.TYPE: forms.TYPES[dtype],
            forms.FILL: forms.FILL_DEFAULT,
            forms.LAYOUT: forms.CONTIGUOUS.pack(*forms.CONTIGUOUS_BEGIN, address, array.nbytes),
        }
        return self._header(messages.items())

    def _header(self, messages):
        content = b""
        for kind, body in messages:
            body = forms.padded(body)
            content += forms.MESSAGE.pack(kind, len(body), forms.CONSTANT * (kind in (forms.TYPE, forms.FILL))) + body
        return self.put(forms.HEADER.pack(1, len(messages), 1, len(content)) + content)


def _parts(things, size):
    return [things[begin : begin + size] for begin in range(0, len(things), size)]
