"""Files at addresses are found, read and divided like local ones, by the file systems of Apache Beam."""

import fnmatch
import io
import re

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed")
from apache_beam.io.filesystem import FileMetadata, FileSystem, MatchResult

from tinylm_keras import data
from tinylm_keras.data.beam import options, preparing, work
from tinylm_keras.data.beam.staging import Staging
from tinylm_keras.text import files, remote_files, units
from tinylm_keras.text.documents import Documents
from tinylm_keras.tokenizers import WhitespaceTokenizer

CONTENT = {}


class Shelf(FileSystem):
    """A file system in the memory of this process, as an object store: files by their whole address."""

    @classmethod
    def scheme(cls):
        return "shelf"

    def join(self, basepath, *paths):
        return "/".join([basepath, *paths])

    def split(self, path):
        return path.rpartition("/")[::2]

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def match(self, patterns, limits=None):
        return [MatchResult(one, [self.metadata(path) for path in CONTENT if matches(path, one)]) for one in patterns]

    def metadata(self, path):
        return FileMetadata(path, len(CONTENT[path]), 1.5)

    def _list(self, dir_or_prefix):
        return (self.metadata(path) for path in CONTENT if path.startswith(dir_or_prefix))

    def create(self, path, mime_type="", compression_type="auto"):
        class Written(io.BytesIO):
            def close(self):
                CONTENT[path] = self.getvalue()
                super().close()

        return Written()

    def open(self, path, mime_type="", compression_type="auto"):
        return io.BytesIO(CONTENT[path])

    def copy(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def rename(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def exists(self, path):
        return path in CONTENT

    def size(self, path):
        return len(CONTENT[path])

    def last_updated(self, path):
        return 1.5

    def checksum(self, path):
        return ""

    def delete(self, paths):
        for path in paths:
            CONTENT.pop(path, None)


def matches(path, pattern):
    if "**" in pattern:
        return path.startswith(pattern.partition("**")[0])
    return re.fullmatch(fnmatch.translate(pattern).replace(".*", "[^/]*"), path) is not None


@pytest.fixture(autouse=True)
def shelf():
    CONTENT.clear()
    CONTENT.update(
        {
            "shelf://books/a.txt": b"one two\nthree four\n" * 40,
            "shelf://books/deep/b.TXT": "fünf\r\nsechs".encode(),
            "shelf://books/c.csv": b"id,text\n1,a row\n2,another row\n",
        }
    )


def open_remote(address, **how):
    return Documents(address, remote=True, **how)


def test_a_folder_a_pattern_and_a_file_are_found():
    assert [str(file) for file in files.find("shelf://books/", remote=True)] == [
        "shelf://books/a.txt",
        "shelf://books/deep/b.TXT",
    ]
    assert [str(file) for file in files.find("shelf://books/*.csv", "text", remote=True)] == ["shelf://books/c.csv"]
    assert list(open_remote("shelf://books/deep/b.TXT").texts()) == ["fünf", "sechs"]
    assert list(open_remote("shelf://books/c.csv", column="text").texts()) == ["a row", "another row"]


@pytest.mark.parametrize("address", ["shelf://books/none.txt", "shelf://empty/", "shelf://books/*.json"])
def test_what_is_not_there_is_refused(address):
    with pytest.raises(ValueError, match=re.escape(repr(address))):
        open_remote(address)


def test_a_file_system_that_beam_does_not_know_is_refused_with_the_package_for_it():
    with pytest.raises(ValueError, match=re.escape("Run: pip install 'apache-beam[gcp]'")):
        remote_files.file_systems("gs://bucket/a.txt")
    with pytest.raises(ValueError, match="must be of a file system that Beam knows, not floppy"):
        open_remote("floppy://a.txt")


def test_a_name_with_signs_of_a_pattern_is_a_name():
    CONTENT["shelf://books/notes [old] part?.txt"] = b"one\ntwo"
    source = open_remote("shelf://books/")
    assert "two" in [text for unit in units.divide(source) for text in units.UnitDocuments(unit).texts()]
    assert list(open_remote("shelf://books/notes [old] part?.txt").texts()) == ["one", "two"]


def test_units_of_a_remote_file_have_its_texts_and_a_changed_file_is_refused():
    source = open_remote("shelf://books/a.txt")
    found = units.divide(source, 100)
    assert len(found) > 3
    assert [text for unit in found for text in units.UnitDocuments(unit).texts()] == list(source.texts())
    CONTENT["shelf://books/a.txt"] += b"more\n"
    with pytest.raises(ValueError, match="must not change while it is read"):
        units.UnitDocuments(found[0])


def test_remote_text_by_way_of_a_remote_folder_gives_the_files_of_one_process(tmp_path, monkeypatch):
    def run(staging, job, units, options, log, finished):
        for number in range(units):
            work.run(staging.place, job, number)
        finished(staging.finished(job))
        assert isinstance(staging, Staging)
        assert staging.is_remote

    monkeypatch.setattr(preparing.beam_runner, "run", run)
    monkeypatch.setattr(options, "checked", lambda runner, given: list(given))
    monkeypatch.setattr(units, "LEAST", 100)
    (tmp_path / "a.txt").write_bytes(CONTENT["shelf://books/a.txt"])
    one = data.prepare(tmp_path / "a.txt", WhitespaceTokenizer(), tmp_path / "one")
    there = data.prepare(
        "shelf://books/a.txt", WhitespaceTokenizer(), tmp_path / "there", runner="DataflowRunner",
        runner_options=["--temp_location=shelf://tmp/"],
    )  # fmt: skip
    for name in ("train.bin", "validation.bin", "tokenizer.json"):
        assert (one.path / name).read_bytes() == (there.path / name).read_bytes()
    assert there.sources == ["shelf://books/a.txt"]
    assert not [path for path in CONTENT if path.startswith("shelf://tmp")]
