"""The reader and the writer of weights against HDF5's own library, and what only they must refuse."""

import io
import random
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tests.archive import hostile
from tests.conftest import MODELS, seeded
from tinylm_keras import archive
from tinylm_keras.archive import hdf5
from tinylm_keras.archive.hdf5 import forms, reader

FIXTURES = sorted((hostile.ROOT / "tests" / "fixtures").glob("*.keras"))


def by_h5py(content):
    """The arrays of an HDF5 file as its own library reads them."""
    found = {}

    def note(name, one):
        if isinstance(one, h5py.Dataset):
            found[name] = one[()]

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(note)
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for path, array in found.items():
        other = np.asarray(expected[path])
        assert (array.dtype, array.shape, array.tobytes()) == (other.dtype, other.shape, other.tobytes()), path


def assert_all_agree(content):
    """Whoever reads it, and whoever has written it again, the arrays of a file are the same."""
    expected = by_h5py(content)
    found = hdf5.read(content)
    assert_same(found, expected)
    again = hdf5.write(found)
    assert_same(hdf5.read(again), expected)
    assert_same({path: np.asarray(array) for path, array in by_h5py(again).items()}, expected)
    assert_same(
        {path: stored.view(content) for path, stored in hdf5.scan(io.BytesIO(content), len(content)).items()}, expected
    )


def weights(path):
    with zipfile.ZipFile(path) as opened:
        return opened.read(hostile.WEIGHTS)


def by_name(things):
    """A file of h5py with some arrays."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path, array in things.items():
            file[path] = array
    return content.getvalue()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_weights_of_stored_files_are_read_as_h5py_reads_them(path):
    assert_all_agree(weights(path))


@pytest.mark.parametrize("name", MODELS)
def test_the_weights_of_every_model_with_its_optimizer_are_read_as_h5py_reads_them(tmp_path, name):
    model = seeded(MODELS[name], vocabulary_size=9, dtype="mixed_float16", dropout=0.1)
    if model.trainable_weights:
        model.layers[0].trainable = False
        model.compile(keras.optimizers.AdamW(0.01), jit_compile=False)
    model.save(tmp_path / "model.keras")
    assert_all_agree(weights(tmp_path / "model.keras"))
    with archive.hold(tmp_path / "model.keras") as held:
        assert_same(held.arrays(), by_h5py(weights(tmp_path / "model.keras")))


def test_every_kind_of_number_in_any_shape_is_read_and_written():
    arrays = {}
    for dtype in forms.TYPES:
        for shape in [(), (3,), (2, 3), (0, 3), (2, 1, 3, 1)]:
            arrays[f"{dtype.name}/{len(shape)}"] = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    assert_all_agree(by_name(arrays))
    assert_same(hdf5.read(hdf5.write({"a": np.arange(3, dtype=">i4")})), {"a": np.arange(3, dtype="<i4")})
    assert_same(hdf5.read(hdf5.write({"a": np.ones((4, 3), "f4").T})), {"a": np.ones((3, 4), "f4")})


@pytest.mark.parametrize("count", [0, 1, 8, 9, 257, 9000])
def test_groups_of_any_size_are_read_and_written(count):
    expected = {f"optimizer/vars/{number}": np.int32(number) for number in range(count)}
    content = hdf5.write(expected)
    assert_same(hdf5.read(content), {path: np.asarray(array) for path, array in expected.items()})
    if count <= 257:
        assert_same(by_h5py(content), {path: np.asarray(array) for path, array in expected.items()})
        assert_all_agree(by_name(expected))
    with h5py.File(io.BytesIO(content)) as file:  # it looks for each in the tree of names
        assert all(path in file for path in list(expected)[::50])
        assert "optimizer/vars/x" not in file


def test_arrays_are_views_and_what_they_stand_in_is_not_changed():
    content = hdf5.write({"a/b": np.arange(6, dtype="f4")})
    found = hdf5.read(content)["a/b"]
    assert np.shares_memory(found, np.frombuffer(content, "u1"))
    assert not found.flags.writeable


@pytest.mark.parametrize("arrays", [{"a": 1, "a/b": 2}, {"a/b": 1, "a": 2}, {"a": "text"}, {"a": np.zeros(2, "c8")}])
def test_what_the_form_cannot_hold_is_not_written(arrays):
    with pytest.raises(ValueError, match=r"leads through an array|is also a group|cannot be written"):
        hdf5.write(arrays)


def patched(content, **changes):
    """A file with the number at some places changed: offset=(form, value)."""
    content = bytearray(content)
    for place, (form, value) in changes.items():
        struct.pack_into(form, content, int(place[1:]), value)
    return bytes(content)


def refused(content, match):
    with pytest.raises(archive.Refused, match=match) as caught:
        hdf5.read(content)
    assert "\n" not in str(caught.value)


def test_what_leads_in_a_circle_or_to_one_place_twice_is_refused():
    content = hdf5.write({"a/b": np.zeros(3, "f4"), "c/d": np.ones(3, "f4")})
    heads = [place for place in range(0, len(content), 8) if content[place : place + 4] == b"TREE"]
    trees = [struct.pack("<Q", place) for place in heads]
    for one in trees[:-1]:  # the last is the root's
        for other in trees:
            if one != other:
                refused(content.replace(one, other), "structures that overlap|cannot be read|under two names")
    leaf = content.index(b"SNOD")
    nested = bytearray(content)
    nested[heads[0] + 5] = 1  # a node above itself, not above leaves
    struct.pack_into("<Q", nested, heads[0] + 32, heads[0])
    refused(bytes(nested), "a node of a group is invalid|it ends too early")
    first, second = (content.index(np.full(3, number, "f4").tobytes()) for number in (0, 1))
    assert first != second
    moved = content.replace(struct.pack("<2Q", second, 12), struct.pack("<2Q", leaf, 12))
    assert moved != content
    refused(moved, "has structures that overlap")


def test_an_array_of_nothing_that_would_be_too_large_is_refused():
    content = hdf5.write({"a": np.zeros((0, 3), "f4")})
    shape = struct.pack("<2Q", 0, 3)
    assert content.count(shape) == 1
    refused(content.replace(shape, struct.pack("<2Q", 0, 1 << 62)), "not stored completely")


def test_numbers_that_are_no_truth_values_are_refused():
    content = hdf5.write({"a": np.array([True, True, True])})
    refused(content.replace(b"\1\1\1", b"\1\2\1"), "has an array of booleans in its weights that contains other")


@pytest.mark.parametrize("dtype", [">f4", ">i2", "c8", "f16", "V2", "S3"])
def test_other_numbers_are_refused(dtype):
    refused(by_name({"a": np.zeros(2, dtype)}), "has an array of other values than plain numbers")


def test_no_more_is_read_than_there_is():
    content, read = hdf5.write({f"{number}": np.zeros(2) for number in range(100)}), 0

    def take(offset, length):
        nonlocal read
        read += length
        return content[offset : offset + length]

    assert len(reader._Reader(take, len(content)).arrays()) == 100
    assert read < 3 * len(content)  # names are looked for in what follows them


def test_damaged_files_are_refused_or_hold_arrays_that_are_no_larger_than_they_are():
    content, draw = hostile.members()[hostile.WEIGHTS], random.Random(4)
    used = [place for place, byte in enumerate(content) if byte] + list(range(800))
    refusals = 0
    for _ in range(600):
        changed = bytearray(content)
        for _ in range(draw.randrange(1, 4)):
            changed[draw.choice(used)] = draw.choice([0, 1, 2, 8, 0x7F, 0xFF, draw.randrange(256)])
        try:
            found = hdf5.read(bytes(changed))
        except archive.Refused as error:
            refusals += 1
            assert "\n" not in str(error)
        else:
            assert sum(array.nbytes for array in found.values()) <= len(content)
    assert 60 < refusals < 600


def test_hdf5s_own_library_reads_only_what_this_package_has_written(tmp_path, monkeypatch):
    model = tlm.MiniLM(9, context_length=4, embed_dim=8, num_heads=2, num_blocks=1)
    model.compile(jit_compile=False)
    model.save(tmp_path / "model.keras")
    seen, File = [], h5py.File

    class Watched(File):
        def __init__(self, file, *arguments, **settings):
            seen.append(file.getvalue())
            super().__init__(file, *arguments, **settings)

    monkeypatch.setattr(h5py, "File", Watched)
    loaded = tlm.load_model(tmp_path / "model.keras")
    monkeypatch.undo()
    expected = by_h5py(weights(tmp_path / "model.keras"))
    assert seen == [hdf5.write(expected)]
    for one, other in zip(loaded.weights, model.weights, strict=True):
        assert np.array_equal(keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other))
    tlm.load_model(tmp_path / "model.keras", trusted=True)
