"""Checks 25 to 28 of trust: files from strangers are refused before Keras sees them, in one line, and do nothing."""

import os
import re

import h5py
import pytest

from tests.archive import hostile
from tests.archive.conftest import OpenWatch
from tinylm_keras import archive
from tinylm_keras.archive import sizes


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_refused_in_one_line_that_names_it_and_says_why(seen, files, name):
    verdict = seen["verdicts"][name]
    assert verdict.startswith(f"ValueError: {files[name]} ")
    assert re.search(hostile.FILES[name][1], verdict)
    assert "\n" not in verdict
    assert verdict.isprintable()
    assert len(verdict) < 500 + len(str(files[name]))


def test_the_check_opens_the_file_alone_and_no_socket_and_runs_nothing(seen, files):
    opened = [argument for event, argument in seen["events"] if event == "open"]
    assert set(opened) == {str(path) for path in files.values()}
    assert {event for event, _ in seen["events"]} == {"open"}
    assert seen["opened"] in (0, None)  # by no C library either


def test_the_watch_on_the_decoys_can_see(tmp_path):
    decoy = tmp_path / "decoy"
    decoy.touch()
    with OpenWatch([decoy]) as watch:
        decoy.read_bytes()
    assert watch.opened in (1, None)


def test_the_check_imports_no_keras_and_takes_little_memory(seen):
    assert seen["modules"] == []
    if not seen["limited"]:
        pytest.skip("this system does not limit memory")


def refused(path, match, error=ValueError):
    with pytest.raises(error, match=match) as caught:
        archive.check(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_regular_file_is_refused_without_being_opened(tmp_path):
    refused("hf://somebody/model.keras", r"hf://somebody/model\.keras is an address, and only files are loaded")
    refused("https://example.org/model.keras", "is an address")
    refused("file:///tmp/model.keras", "is an address")
    refused(tmp_path / "none.keras", r"none\.keras does not exist", FileNotFoundError)
    (tmp_path / "folder.keras").mkdir()
    refused(tmp_path / "folder.keras", r"folder\.keras is a folder")
    (tmp_path / "legacy.h5").write_bytes(hostile.members()[hostile.WEIGHTS])
    refused(tmp_path / "legacy.h5", r"legacy\.h5 must end in \.keras")
    (tmp_path / "empty.keras").touch()
    refused(tmp_path / "empty.keras", "is empty")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.keras")  # opened, it would wait for ever
        refused(tmp_path / "pipe.keras", "is not a regular file but a device, a pipe or a socket")
        (tmp_path / "device.keras").symlink_to("/dev/zero")
        refused(tmp_path / "device.keras", "is not a regular file")
        (tmp_path / "nowhere.keras").symlink_to(tmp_path / "gone")
        refused(tmp_path / "nowhere.keras", "does not exist", FileNotFoundError)
        (tmp_path / "link.keras").symlink_to(hostile.GOOD)
        assert archive.check(tmp_path / "link.keras") == []


def test_more_objects_than_a_model_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tinylm_keras.archive.hdf5.reader.MOST_OBJECTS", 10)
    refused(hostile.GOOD, "has more than 10 objects in its weights")


@pytest.mark.parametrize(("libver", "tracked"), [("latest", False), ("v108", False), ("earliest", True)])
def test_newer_forms_of_hdf5_are_refused(tmp_path, libver, tracked):
    def build(file):
        settings = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
        if tracked:  # HDF5's newer kind of group behind an older header
            settings.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED)
        h5py.h5g.create(file.id, b"row", gcpl=settings)

    path = tmp_path / "model.keras"
    hostile.with_weights(build, libver=libver)(path)
    refused(path, r"has weights in another form of HDF5 than Keras writes \('/row'\)")


def test_a_group_with_as_many_arrays_as_a_large_optimizer_has_passes(tmp_path):
    def build(file):
        for index in range(700):
            file[f"optimizer/vars/{index}"] = 1.0

    path = tmp_path / "model.keras"
    hostile.with_weights(build)(path)
    assert archive.check(path) == []


def test_a_cache_far_beyond_the_weights_is_refused_and_a_long_context_is_not():
    config = {
        "context_length": 1 << 20,
        "vocabulary_size": 65,
        "embed_dim": 64,
        "feed_forward_dim": 256,
        "num_blocks": 4,
    }
    with pytest.raises(archive.Refused, match="asks for 536,870,912 numbers of memory for each text and holds 300,000"):
        sizes.check_memory("RotaryLM", config, 300_000)
    sizes.check_memory("RotaryLM", {**config, "context_length": 1 << 17}, 300_000)


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"loss": hostile.made("keras.losses", "Huber")}, ["keras.losses.Huber"]),
        ({"optimizer": hostile.made("keras.optimizers", "Later")}, ["keras.optimizers.Later"]),
        ({"metrics": ["acc", ["mse"]]}, ["metrics='mse'"]),
        ({"loss": {"a": "mae"}, "weighted_metrics": None}, ["loss='mae'"]),
        (
            {"optimizer": hostile.made("keras.optimizers", "Muon", {"exclude_layers": ["(a+)+$"]})},
            ["exclude_layers='("],
        ),
        ({"optimizer": hostile.made("keras.optimizers", "Muon", {"exclude_layers": ["(^|/)head/"]})}, []),
        ({"optimizer": hostile.ADAM, "loss": None, "metrics": ["accuracy", None], "jit_compile": True}, []),
    ],
)
def test_other_optimizers_losses_and_metrics_of_keras_are_named_and_left_aside(tmp_path, changes, unknown):
    path = tmp_path / "model.keras"
    hostile.with_config("compile_config", **changes)(path)
    found = archive.check(path)
    assert len(found) == len(unknown)
    assert all(one.startswith(start) for one, start in zip(found, unknown, strict=True))


def test_a_comment_of_the_archive_is_no_fault(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(hostile.GOOD.read_bytes())
    with hostile.zipfile.ZipFile(path, "a") as opened:
        opened.comment = b'{"val_loss": 1.5}'
    assert archive.check(path) == []


def test_large_vocabularies_and_many_merges_pass(tmp_path):
    words = [f"mot déjà vu {number:07}" for number in range(50_000)]
    config = {"vocabulary": words, "merges": [f"\u0120{word[:5]} {word[5:]}" for word in words]}
    path = tmp_path / "model.keras"
    hostile.with_config("config", tokenizer=hostile.byte_pair(**config))(path)
    assert archive.check(path) == []
