"""Checks the headers of groups and arrays, and words the refusal of a file."""

import math
import struct
import typing

import numpy as np

from tinylm_keras.archive.hdf5 import forms
from tinylm_keras.archive.refusal import Refused, shown

MOST_DIMENSIONS = 8
MOST_ATTRIBUTES = 16
LARGEST_ATTRIBUTE = 1 << 12

_TEXTS = (3, 9)  # classes of types: text of fixed and of variable length
_ELSEWHERE = {forms.EXTERNAL, forms.FILTERS}
_OF_ALL = {forms.NOTHING, forms.CONTINUATION, forms.TIME}
_OF_GROUPS = _OF_ALL | {forms.TABLE, forms.ATTRIBUTE}
_OF_ARRAYS = _OF_ALL | {forms.SPACE, forms.TYPE, forms.LAYOUT, forms.OLD_FILL, forms.FILL}
_NEWER = {forms.LINK_INFO, forms.LINK_MESSAGE, forms.GROUP_INFO}


class Stored(typing.NamedTuple):
    """The position of an array in its file."""

    dtype: np.dtype
    shape: tuple
    offset: int

    @property
    def count(self):
        return math.prod(self.shape)

    def view(self, data, start=0):
        """Return the array as a view of `data`, in which the file begins at `start`."""
        if not self.count:
            return np.zeros(self.shape, self.dtype)
        array = np.frombuffer(data, self.dtype, self.count, start + self.offset).reshape(self.shape)
        if self.dtype == bool and array.view("u1").max() > 1:
            raise Refused("has an array of booleans in its weights that contains other numbers.")
        return array


def array(messages, where, size):
    """Return the position of an array that is stored in one piece, as a `Stored`.

    Args:
        messages: dict of lists of bytes by kind. The header of the array.
        where: str. The path of the array.
        size: int. The length of the file.

    Raises:
        Refused: if it is stored in another way.
    """
    if forms.ATTRIBUTE in messages:
        raise Refused(f"has an array with an attribute in its weights, as bfloat16 does ({place(where)}).", own=True)
    layout, kind, space = (_only(messages, kind) for kind in (forms.LAYOUT, forms.TYPE, forms.SPACE))
    if not layout.startswith(forms.CONTIGUOUS_BEGIN) or _ELSEWHERE & messages.keys():
        rule = f"({place(where)}); only arrays in one piece, uncompressed and in the file, are read"
        raise Refused(f"has a chunked, compressed, virtual or external array in its weights {rule}.")
    if messages.keys() - _OF_ARRAYS:
        raise something_else(where)
    dtype = forms.DTYPES.get(kind)
    if dtype is None:
        rule = f"plain numbers in its weights ({place(where)})"
        raise Refused(f"has an array of other values than {rule}.", own=True)
    shape = _shape(space, where)
    _, _, offset, length = forms.CONTIGUOUS.unpack_from(layout)
    count = math.prod(shape)
    most = math.prod(one or 1 for one in shape)  # numpy cannot make an array of (0, 2**62) either
    if length != count * dtype.itemsize or (offset == forms.NOWHERE and length) or most > size:
        raise Refused(f"has an array in its weights that is not stored completely ({place(where)}, {count:,} numbers).")
    if length and offset + length > size:
        raise Refused(f"has an array that extends past the end of its weights ({place(where)}).")
    return Stored(dtype, shape, offset if length else 0)


def _shape(space, where):
    version, rank, flags = space[:3]
    if version != 1 or rank > MOST_DIMENSIONS or flags > 1 or len(space) != 8 + 8 * rank * (1 + flags):
        raise Refused(f"has an array with an invalid shape in its weights ({place(where)}).")
    return struct.unpack_from(f"<{rank}Q", space, 8)


def table(messages, where):
    """Return the addresses of the tree and the heap of a group. Of its attributes, only the types are checked."""
    if _NEWER & messages.keys():
        raise newer(where)
    if forms.TABLE not in messages or messages.keys() - _OF_GROUPS:
        raise something_else(where)
    attributes = messages.get(forms.ATTRIBUTE, ())
    if len(attributes) > MOST_ATTRIBUTES or not all(map(_is_text, attributes)):
        raise Refused(f"has attributes in its weights that Keras does not write ({place(where)}).")
    return forms.PAIR.unpack(_only(messages, forms.TABLE))


def _is_text(attribute):
    """Whether an attribute is short and its value is a text."""
    version, _, name_length, type_length, _ = struct.unpack_from("<2B3H", attribute)
    begin = 8 + name_length + -name_length % 8
    return version == 1 and len(attribute) <= LARGEST_ATTRIBUTE and attribute[begin] & 15 in _TEXTS and type_length


def _only(messages, kind):
    if len(messages.get(kind, ())) != 1:
        raise damaged("a header has an entry twice or not at all")
    return messages[kind][0]


def place(path):
    """Return the path of an object for a message."""
    return shown("/" + path.removeprefix("/"))


def damaged(why):
    return Refused(f"is damaged: its model.weights.h5 cannot be read ({why}).")


def newer(where):
    return Refused(f"has weights in another form of HDF5 than Keras writes ({place(where)}).", own=True)


def two_names(where):
    return Refused(f"has one object under two names in its weights ({place(where)}).")


def something_else(where):
    return Refused(f"has other objects than groups and arrays in its weights ({place(where)}).")
