"""The container GGUF, version 3, which llama.cpp and Ollama read: values by name, then arrays by name.

The package `gguf` is not used, because these few lines are all that a model needs, and an export then requires no
further package. `scripts/interop-check` reads the files with that package and with llama.cpp.
"""

import struct

import numpy as np

ALIGNMENT = 32
_U8, _I32, _F32, _BOOL, _STRING, _ARRAY, _U32 = 0, 5, 6, 7, 8, 9, 4


def write(path, values, tensors):
    """Write a GGUF file.

    Args:
        path: `pathlib.Path`.
        values: dict of bool, int of at least 0, float, str, or a list of str, int or float, or bytes, by name.
        tensors: dict of float32 arrays by name. The file lists their axes from the last to the first.
    """
    with path.open("wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(values)))
        for name, value in values.items():
            file.write(_string(name) + _typed(value))
        offset = 0
        for name, array in tensors.items():
            shape = array.shape[::-1]
            file.write(_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset))  # 0: float32
            offset += array.nbytes + _gap(array.nbytes)
        file.write(b"\0" * _gap(file.tell()))
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, "<f4").tobytes() + b"\0" * _gap(array.nbytes))


def _gap(size):
    return -size % ALIGNMENT


def _string(text):
    encoded = text.encode("utf-8")
    return struct.pack("<Q", len(encoded)) + encoded


def _typed(value):
    if isinstance(value, (list, bytes)):
        kind = _U8 if isinstance(value, bytes) else _kind(value[0]) if value else _STRING
        kind = _I32 if kind == _U32 else kind  # llama.cpp expects the types of tokens as int32
        items = value if isinstance(value, bytes) else b"".join(_packed(one, kind) for one in value)
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + items
    kind = _kind(value)
    return struct.pack("<I", kind) + _packed(value, kind)


def _kind(value):
    return {bool: _BOOL, int: _U32, float: _F32, str: _STRING}[type(value)]


def _packed(value, kind):
    if kind == _STRING:
        return _string(value)
    return struct.pack({_BOOL: "<?", _U32: "<I", _I32: "<i", _F32: "<f"}[kind], value)
