"""safetensors from anyone: the header is believed only where the file agrees."""

import json
import os
import tracemalloc

import numpy as np
import pytest

from tests.interop import gpt2
from tinylm_keras.interop import safetensors_file


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


TWO = tuple(json.dumps(entry(offsets=place)).encode() for place in ([0, 8], [8, 16]))

HOSTILE = {
    "empty": (b"", "is not a complete safetensors file"),
    "short": (b"abc", "is not a complete safetensors file"),
    "long_header": ((1 << 62).to_bytes(8, "little") + b"{}", "its header is longer than the file"),
    "large_header": ((5 << 20).to_bytes(8, "little") + b" " * (5 << 20), "has a header of 5,242,880 bytes"),
    "no_json": (gpt2.packed(b"{", b""), "its header cannot be read"),
    "list": (gpt2.packed([], b""), "has a header that is not an object"),
    "deep": (gpt2.packed(b'{"a":' * 1000 + b"1" + b"}" * 1000, b""), "nested more than 32 levels deep"),
    "many": (gpt2.packed(b"[" + b"[]," * 100_000 + b"[]]", b""), "has more than 20,000 tensors"),
    "not_a_number": (gpt2.packed(b'{"a": NaN}', b""), "NaN"),
    "no_entry": (gpt2.packed({"a": 1}, b""), "tensor 'a' that is not described by"),
    "more_entries": (gpt2.packed({"a": entry(code="x")}, bytes(8)), "tensor 'a' that is not described by"),
    "dtype": (gpt2.packed({"a": entry("F31")}, bytes(8)), "has an unknown dtype, 'F31'"),
    "dtype_list": (gpt2.packed({"a": entry(["F32"])}, bytes(8)), "has an unknown dtype"),
    "negative": (gpt2.packed({"a": entry(shape=[-2])}, bytes(8)), "has an invalid shape or position"),
    "real": (gpt2.packed({"a": entry(shape=[2.0])}, bytes(8)), "has an invalid shape or position"),
    "backwards": (gpt2.packed({"a": entry(offsets=[8, 0])}, bytes(8)), "has -8 bytes, and a shape of 2 numbers"),
    "promise": (gpt2.packed({"a": entry(shape=[1 << 40])}, bytes(8)), "has 8 bytes, and a shape of 1,099,511,627,776"),
    "kept_promise": (gpt2.packed({"a": entry(shape=[1 << 40], offsets=[0, 1 << 42])}, bytes(8)), "larger than the"),
    "zero_times_much": (gpt2.packed({"a": entry(shape=[0, 1 << 60], offsets=[0, 0])}, bytes(8)), "larger than the"),
    "empty_and_large": (gpt2.packed({"a": entry(shape=[0, 1 << 60], offsets=[0, 0])}, b""), "larger than the"),
    "gap": (gpt2.packed({"a": entry(offsets=[8, 16])}, bytes(16)), "has gaps between its tensors"),
    "overlap": (gpt2.packed({"a": entry(), "b": entry(offsets=[4, 12])}, bytes(12)), "tensors that overlap"),
    "twice": (gpt2.packed(b'{"a": %b, "a": %b}' % TWO, bytes(16)), "has gaps"),
    "cut": (gpt2.packed({"a": entry()}, bytes(7)), "has tensors of 8 bytes, and 7 bytes after its header"),
    "longer": (gpt2.packed({"a": entry()}, bytes(9)), "has tensors of 8 bytes, and 9 bytes after its header"),
    "dimensions": (gpt2.packed({"a": entry(shape=[1] * 9, offsets=[0, 4])}, bytes(4)), "has an invalid shape or"),
    "terminal": (gpt2.packed({"\x1b[2J" * 99: 1}, b""), r"tensor '\\x1b"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_and_takes_no_more_memory_than_its_size(tmp_path, name):
    content, match = HOSTILE[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=match) as caught:
            safetensors_file.tensors(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path} ")
    assert str(caught.value).isprintable()
    assert most < len(content) + (1 << 20)


def test_a_tensor_is_read_as_it_was_written(tmp_path):
    arrays = {
        "a": np.arange(6, dtype="float32").reshape(2, 3),
        "b": np.float32(1.5).reshape(()),
        "c": np.zeros((0, 4), "f4"),
    }
    for kind in ("F32", "F16", "BF16"):
        (tmp_path / "some.safetensors").write_bytes(gpt2.safetensors(arrays, kind, {"format": "pt"}))
        found = safetensors_file.tensors(tmp_path / "some.safetensors")
        for name, array in arrays.items():
            read = found[name].read()
            assert read.dtype == np.float32
            assert np.array_equal(read, array)


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # opened, it would be waited for
    with pytest.raises(ValueError, match="is not a regular file"):
        safetensors_file.tensors(tmp_path / "pipe")


def test_a_file_that_becomes_shorter_is_refused(tmp_path):
    path = tmp_path / "some.safetensors"
    path.write_bytes(gpt2.safetensors({"a": np.zeros(9, "f4")}))
    found = safetensors_file.tensors(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="became shorter while it was read"):
        found["a"].read()
