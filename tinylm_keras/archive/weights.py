"""The HDF5 part: groups, arrays whose bytes are all there, and short attributes. No other file, no promise, no loop.

HDF5 itself is a large C library that parses the file, and a fault in it is beyond this check. One was met and is kept
out: reading the text of an attribute can take gigabytes or never end. Keras reads such a text beside arrays alone,
where it marks bfloat16, so arrays have no attributes here. (Mixed precision keeps its weights in float32.)
"""

import math

import h5py

from tinylm_keras.archive.refusal import Refused, shown

DEEPEST = 32
MOST_OBJECTS = 25_000  # 256 blocks with their optimizer in mixed precision have 20,000
LONGEST_NAME = 256  # bytes
# Keras's groups find their members by name in a tree. Where these are in a row instead, each is looked for from the
# beginning of the row.
MOST_IN_A_ROW = 512
MOST_ATTRIBUTES = 16
LARGEST_ATTRIBUTE = 1 << 12

_PLAIN_LAYOUTS = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
_PLAIN_TYPES = (h5py.h5t.FLOAT, h5py.h5t.INTEGER, h5py.h5t.ENUM)  # an enumeration is how h5py writes bool


def check(file, size):
    """Refuse HDF5 that reaches out of itself or declares more than it holds.

    Args:
        file: binary file, open for reading.
        size: int. Its length.

    Returns:
        How many numbers it holds outside the group "optimizer".

    Raises:
        Refused: if it is anything but groups and plain arrays.
    """
    try:
        with h5py.File(file, "r") as root:
            return _walk(file, root.id, size)
    except Refused:
        raise
    except Exception as error:  # h5py raises many kinds on damaged files
        raise Refused("is damaged: its model.weights.h5 cannot be read.") from error


def _walk(file, root, size):
    seen = set()  # without the root: asking for its address adds up its metadata, which in a damaged file never ends
    groups, total, numbers = [(root, (), 0, None)], 0, 0
    _check_attributes(root, ())
    while groups:
        group, path, depth, begins = groups.pop()
        links = _links(group, path)
        if 1 + len(seen) + len(links) > MOST_OBJECTS:  # the root is one
            raise Refused(f"has more than {MOST_OBJECTS:,} objects in its weights.", own=True)
        if len(links) > MOST_IN_A_ROW and not _is_tree(file, begins):
            raise Refused(f"has {len(links):,} objects in a row in its weights ({_place(path)}).", own=True)
        for name, address in links:
            where = (*path, name)
            if address in seen:
                raise Refused(f"has one object under two names in its weights ({_place(where)}).")
            seen.add(address)
            one = h5py.h5o.open(group, name)
            if isinstance(one, h5py.h5g.GroupID) and depth < DEEPEST:
                _check_attributes(one, where)
                groups.append((one, where, depth + 1, address))
            elif isinstance(one, h5py.h5d.DatasetID):
                count, length = _array(one, where, size)
                total += length
                numbers += 0 if where[0] == b"optimizer" else count
            else:
                raise Refused(f"has something else than groups and arrays in its weights ({_place(where)}).")
    if total > size:
        raise Refused(f"has arrays of {total:,} bytes in {size:,} bytes of weights.")
    return numbers


def _is_tree(file, address):
    """Whether the group whose header stands at an address in the file finds its members in a tree.

    Then it has a header of version 1 with few messages: one that names the tree, and those of attributes. Other groups
    have a message for each member, or a header of version 2.
    """
    file.seek(0)
    begin = file.read(32)
    if address is None or begin[:9] != b"\x89HDF\r\n\x1a\n\0" or any(begin[24:32]):  # addresses count from elsewhere
        return False
    file.seek(address)
    header = file.read(4)
    return len(header) == 4 and header[0] == 1 and int.from_bytes(header[2:], "little") <= 2 * MOST_ATTRIBUTES


def _links(group, path):
    """The names in a group and the addresses they lead to, all by hard links; nothing is followed."""
    found = []

    def note(name, info):  # it must not raise: h5py does not carry an exception through HDF5
        found.append((name, info.type, info.u))
        return len(found) > MOST_OBJECTS or len(name) > LONGEST_NAME

    group.links.iterate(note, info=True)
    for name, kind, _ in found:
        if len(name) > LONGEST_NAME:
            raise Refused(f"has a name of {len(name):,} bytes in its weights ({_place((*path, name))}).")
        if kind != h5py.h5l.TYPE_HARD:
            where = _place((*path, name))
            raise Refused(f"has a link in its weights ({where}); only arrays that are in the file are read.")
    return [(name, address) for name, _, address in found]


def _place(path):
    """The place of an object as a message says it; `path` is the names that lead to it, as bytes."""
    return shown("/" + b"/".join(path).decode("utf-8", "replace"))


def _array(array, where, size):
    """Return the number of elements and of bytes of an array that is stored whole, in one piece, in this file."""
    if h5py.h5a.get_num_attrs(array):
        raise Refused(f"has an array with an attribute in its weights, as bfloat16 does ({_place(where)}).", own=True)
    plan = array.get_create_plist()  # first of all: asking a virtual array for its shape may open other files
    if plan.get_layout() not in _PLAIN_LAYOUTS or plan.get_external_count() or plan.get_nfilters():
        rule = "only arrays in one piece, uncompressed and in the file, are read"
        raise Refused(f"has a chunked, compressed, virtual or external array in its weights ({_place(where)}); {rule}.")
    kind, space = array.get_type(), array.get_space()
    if kind.get_class() not in _PLAIN_TYPES or kind.get_size() not in (1, 2, 4, 8):
        raise Refused(f"has an array of something else than plain numbers in its weights ({_place(where)}).", own=True)
    if space.get_simple_extent_type() not in (h5py.h5s.SIMPLE, h5py.h5s.SCALAR):
        raise Refused(f"has an array without a shape in its weights ({_place(where)}).")
    count = math.prod(space.get_simple_extent_dims())
    length = count * kind.get_size()
    if length > size or array.get_storage_size() != length:
        raise Refused(f"has an array in its weights that is not stored whole ({_place(where)}, {count:,} numbers).")
    offset = array.get_offset()
    if offset is not None and offset + length > size:  # HDF5 1.14 sees it itself
        raise Refused(f"has an array that extends past the end of its weights ({_place(where)}).")
    return count, length


def _check_attributes(group, where):
    """Keras writes the name of a layer, and does not read it. Nothing is read here either."""
    count = h5py.h5a.get_num_attrs(group)
    good = count <= MOST_ATTRIBUTES
    for index in range(count if good else 0):
        attribute = h5py.h5a.open(group, index=index)
        kind = attribute.get_type().get_class()
        good &= kind in (h5py.h5t.STRING, *_PLAIN_TYPES) and attribute.get_storage_size() <= LARGEST_ATTRIBUTE
    if not good:
        raise Refused(f"has attributes in its weights that Keras does not write ({_place(where)}).")
