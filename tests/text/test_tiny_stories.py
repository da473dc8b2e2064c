"""The TinyStories builder, on stories made up here: TensorFlow Datasets' own suite, and its checksums. No network."""

import importlib.util
import pathlib
import shutil
import tempfile
import unittest

import pytest
import tensorflow_datasets as tfds

from tinylm_keras import data
from tinylm_keras.text import tiny_stories

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="tiny_stories"))
STORIES = {
    "TinyStories-train.txt": ["Tom had a ball.\n\nHe was glad.", "“Hi,” said Mia.", "The end came\nsoon."],
    "TinyStories-valid.txt": ["One more."],
    "TinyStoriesV2-GPT4-train.txt": ["A cat.", "A dog.", "A cow."],
    "TinyStoriesV2-GPT4-valid.txt": ["A hen."],
}


def write(folder):
    for name, stories in STORIES.items():
        text = "\n<|endoftext|>\n\n".join(["", *stories, " \n"])
        (folder / name).write_text(text, encoding="utf-8")


def setup_module():
    write(FOLDER)
    tfds.disable_progress_bar()


def teardown_module():
    for path in FOLDER.iterdir():
        path.unlink()
    FOLDER.rmdir()


HAS_SUITE = importlib.util.find_spec("dill") is not None


def suite():
    """The class of the suite; held in no name of this module, because pytest would run it by itself."""
    return tfds.testing.DatasetBuilderTestCase if HAS_SUITE else unittest.TestCase


@pytest.mark.skipif(not HAS_SUITE, reason="the suite of TensorFlow Datasets needs dill, which the test extra installs")
class TestTinyStories(suite()):
    """The builder is registered, generates both editions with the right features, and its splits do not overlap."""

    DATASET_CLASS = tiny_stories.TinyStories
    SPLITS = {"train": 3, "validation": 1}  # noqa: RUF012
    DL_DOWNLOAD_RESULT = {"train": "TinyStories-train.txt", "validation": "TinyStories-valid.txt"}  # noqa: RUF012
    EXAMPLE_DIR = str(FOLDER)
    SKIP_CHECKSUMS = True  # they are recorded by the first download, see below


@pytest.fixture
def local(tmp_path, monkeypatch):
    """The files lie in a folder here, which stands for the place they are downloaded from."""
    (tmp_path / "there").mkdir()
    write(tmp_path / "there")
    monkeypatch.setattr(tiny_stories, "ADDRESS", f"{tmp_path}/there/")
    return tmp_path


def test_the_addresses_are_those_of_the_paper(tmp_path):
    builder = tfds.builder("tiny_stories/gpt4", data_dir=tmp_path)
    place = "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main"
    assert builder.addresses() == {
        "train": f"{place}/TinyStoriesV2-GPT4-train.txt",
        "validation": f"{place}/TinyStoriesV2-GPT4-valid.txt",
    }
    assert not list(tmp_path.iterdir())  # naming a data set downloads nothing


def test_the_first_download_records_checksums_and_the_next_is_checked(local):
    def prepare(name, download_dir):
        builder = tfds.builder(f"tiny_stories/{name}", data_dir=local / "data")
        builder.download_and_prepare(download_dir=local / download_dir)

    checksums = local / "data" / "tiny_stories" / "checksums.tsv"
    prepare("all", "first")
    recorded = checksums.read_text()
    assert [line.split("\t")[0].rpartition("/")[2] for line in recorded.splitlines()] == list(STORIES)[:2]
    prepare("gpt4", "first")  # its files are added, and nothing is lost
    assert checksums.read_text().startswith(recorded) and checksums.read_text().count("\n") == 4

    shutil.rmtree(local / "data" / "tiny_stories" / "all")
    (local / "there" / "TinyStories-valid.txt").write_text("Another.\n")
    with pytest.raises(tfds.download.download_manager.NonMatchingChecksumError):
        prepare("all", "second")


def test_the_stories_are_read_by_name(local, monkeypatch):
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(local / "data"))
    assert sorted(data.read("tfds:tiny_stories")) == sorted(STORIES["TinyStories-train.txt"])
    assert data.read("tfds:tiny_stories/gpt4:validation") == ["A hen."]
