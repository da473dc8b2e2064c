"""The structures of the oldest form of HDF5, the default of h5py. All numbers are little-endian."""

import struct

import numpy as np

# Signature, versions 0, offsets and lengths of 8 bytes, up to 2 * 4 entries in a leaf and 2 * 16 children in a node.
BEGIN = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0])
SIGNATURE = BEGIN[:8]
SUPERBLOCK = struct.Struct("<24s4Q")  # the above, base address, free space, end of the file, driver; then an entry
NOWHERE = 2**64 - 1  # the address of a missing structure

# A group is a tree whose leaves have an entry for each member, and a heap with their names.
ENTRY = struct.Struct("<2Q2L2Q")  # name in the heap, address of the header, kind (0, 1 or LINK), 0, two copies
LINK = 2
TREE = struct.Struct("<4s2BH2Q")  # mark, kind, level, children, left and right neighbour; then keys and children
TREE_MARK, CHILDREN = b"TREE", 32
TREE_SIZE = TREE.size + 8 * (2 * CHILDREN + 1)
LEAF = struct.Struct("<4s2BH")  # mark, version, 0, entries
LEAF_MARK, ENTRIES = b"SNOD", 8
LEAF_SIZE = LEAF.size + ENTRY.size * ENTRIES
HEAP = struct.Struct("<4sB3x3Q")  # mark, version, size of its data, first free place, address of its data
HEAP_MARK = b"HEAP"
NOTHING_FREE = 1

# Every group and array has a header, which consists of messages in one block or several.
HEADER = struct.Struct("<BxH2L4x")  # version, number of messages, number of links to it, length of the first block
MESSAGE = struct.Struct("<2HB3x")  # kind, length, flags
CONSTANT = 1  # the only flag that Keras's files have
NOTHING, SPACE, LINK_INFO, TYPE, OLD_FILL, FILL, LINK_MESSAGE, EXTERNAL, LAYOUT = 0, 1, 2, 3, 4, 5, 6, 7, 8
GROUP_INFO, FILTERS, ATTRIBUTE, CONTINUATION, TABLE, TIME = 10, 11, 12, 16, 17, 18

PAIR = struct.Struct("<2Q")  # a continuation's address and length; a symbol table's tree and heap
CONTIGUOUS = struct.Struct("<2B2Q")  # layout: version 3, class 1, address, length
CONTIGUOUS_BEGIN = bytes([3, 1])
FILL_DEFAULT = bytes([2, 2, 2, 1, 0, 0, 0, 0])


def _integer(size, signed):
    return struct.pack("<BB2xL2H4x", 0x10, 8 * signed, size, 0, 8 * size)


def _real(size, sign, exponent, mantissa, bias):
    return struct.pack("<4BL2H4BL4x", 0x11, 0x20, sign, 0, size, 0, 8 * size, mantissa, exponent, 0, mantissa, bias)


# The messages for the types of numbers, exactly as h5py writes them, with bool as an enumeration.
TYPES = {
    np.dtype("<f2"): _real(2, 15, 5, 10, 15),
    np.dtype("<f4"): _real(4, 31, 8, 23, 127),
    np.dtype("<f8"): _real(8, 63, 11, 52, 1023),
    **{np.dtype(f"<i{size}"): _integer(size, True) for size in (1, 2, 4, 8)},
    **{np.dtype(f"<u{size}"): _integer(size, False) for size in (1, 2, 4, 8)},
    np.dtype("?"): struct.pack("<2BxxL", 0x18, 2, 1) + _integer(1, True)[:12] + b"FALSE\0\0\0TRUE\0\0\0\0\0\1\0\0",
}
DTYPES = {message: dtype for dtype, message in TYPES.items()}


def padded(content):
    """Return bytes with zeros appended up to a multiple of 8."""
    return content + bytes(-len(content) % 8)
