"""HDF5 as Keras writes it, read and written in numpy alone: groups that hold groups and plain arrays.

HDF5 itself is a large C library in which faults are found every year, and a model's file may come from anyone. So that
library never reads such a file here: this reader knows the one form that Keras writes and refuses every other, and
Keras is given a file that this writer has made of the same arrays.

`forms` holds the structures of the format, `headers` what the header of a group or an array must say, `reader` and
`writer` what their names say. Source: the HDF5 File Format Specification, version 3.0 (The HDF Group), of which this is
superblock version 0, symbol tables, object headers of version 1 and contiguous layout.
"""

from tinylm_keras.archive.hdf5.headers import Stored
from tinylm_keras.archive.hdf5.reader import read, scan
from tinylm_keras.archive.hdf5.writer import pieces, write

__all__ = ["Stored", "pieces", "read", "scan", "write"]
