"""Reads and writes HDF5 in the form that Keras writes, with numpy alone: groups that contain groups and plain arrays.

The HDF5 library is large and written in C, new vulnerabilities are found in it every year, and a model's file may come
from an untrusted source. So the library never reads such a file here: this reader accepts only the form that Keras
writes, and Keras gets a new file, which this writer makes from the same arrays.

`forms` contains the structures of the format, `headers` checks the headers of groups and arrays, `reader` finds the
arrays, and `writer` writes them. Source: the HDF5 File Format Specification, version 3.0 (The HDF Group): superblock
version 0, symbol tables, object headers of version 1, and contiguous layout.
"""

from tinylm_keras.archive.hdf5.headers import Stored
from tinylm_keras.archive.hdf5.reader import read, scan
from tinylm_keras.archive.hdf5.writer import pieces, write

__all__ = ["Stored", "pieces", "read", "scan", "write"]
