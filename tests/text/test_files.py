"""Laws of files: a pipe is read as a file is, what is no file is refused, and a text that changes is noticed."""

import contextlib
import os
import re
import stat
import sys
import tempfile
import threading

import pytest

from tinylm_keras import data
from tinylm_keras.text import files
from tinylm_keras.text.documents import Documents, Joined
from tinylm_keras.text.sources import read
from tinylm_keras.tokenizers import WhitespaceTokenizer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes have names on POSIX systems alone")

LINES = [f"line {number} of a text that is longer than a pipe holds" for number in range(60_000)]  # three blocks


@pytest.fixture
def fifo(tmp_path):
    """Make a named pipe into which a thread writes some bytes, once."""

    def make(content, name="pipe"):
        path = tmp_path / name
        os.mkfifo(path)
        thread = threading.Thread(target=_write, args=(path, content), daemon=True)
        thread.start()
        return path

    return make


def _write(path, content):
    with contextlib.suppress(BrokenPipeError), open(path, "wb") as pipe:  # broken: nobody wanted the rest
        pipe.write(content)


@pytest.fixture
def descriptor():
    """A path such as /dev/fd/63, which is what a shell makes of <(…), for some bytes."""
    opened = []

    def make(content):
        out, into = os.pipe()
        opened.append(out)
        threading.Thread(target=lambda: _write(into, content), daemon=True).start()
        return f"/dev/fd/{out}"

    yield make
    for out in opened:
        os.close(out)


def refused(message, source, **settings):
    with pytest.raises(ValueError, match=re.escape(message)):
        read(source, **settings)


def test_a_pipe_gives_all_of_its_text(fifo, descriptor):
    content = ("\n".join(LINES) + "\n").encode()
    assert read(descriptor(content)) == LINES
    assert read(fifo(content)) == LINES
    paragraphs = "\n\n".join(LINES[:9]) + "\n\n" + "\n".join(LINES)  # the first pass stops at the first blank line
    assert read(descriptor(paragraphs.encode())) == [*LINES[:9], "\n".join(LINES)]


@pytest.mark.parametrize(
    "content",
    [
        "id,text\n1,one\n2,two\n",
        "id\ttext\n1\tone\n2\ttwo\n",
        '{"text": "one"}\n{"text": "two"}\n',
        '[{"text": "one"}, {"text": "two"}]',
    ],
    ids=["csv", "tsv", "lines", "array"],
)
def test_a_pipe_may_hold_a_table(descriptor, content):
    assert read(descriptor(content.encode()), column="text") == ["one", "two"]


def test_several_pipes_are_joined_and_can_be_read_again_and_again(descriptor, tmp_path):
    texts = Joined([Documents(descriptor(b"a b\nb c\n")), Documents(descriptor(b"c d\nd a\n"))])
    assert [list(texts.texts()) for _ in range(3)] == [["a b", "b c", "c d", "d a"]] * 3
    assert (texts.size, texts.done, texts.locations) == (None, 16, [])


def test_token_files_are_prepared_from_a_pipe_as_from_a_file(descriptor, tmp_path):
    content = "\n".join(LINES[:2_000]).encode()
    (tmp_path / "a.txt").write_bytes(content)
    made = [
        data.prepare(source, WhitespaceTokenizer(max_tokens=500), tmp_path / name)
        for name, source in (("a", tmp_path / "a.txt"), ("b", descriptor(content)))
    ]
    assert made[0].sha256 == made[1].sha256


def test_the_temporary_file_of_a_pipe_has_no_name_and_is_not_left(descriptor, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    documents = Documents(descriptor("\n".join(LINES).encode()))
    open_before = len(os.listdir("/dev/fd"))
    assert sum(1 for _ in documents.texts()) == len(LINES)
    assert list(tmp_path.iterdir()) == []
    del documents
    import gc

    gc.collect()
    assert len(os.listdir("/dev/fd")) <= open_before


def test_an_endless_pipe_is_refused_when_half_of_the_room_is_full(fifo, monkeypatch):
    import shutil

    usage = shutil.disk_usage("/")._replace(free=4 * files.BLOCK)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    refused("must end before it fills half of the room in", fifo(b"word " * files.BLOCK))


def test_an_endless_pipe_of_no_text_is_refused_by_its_first_block(fifo):
    refused("must be a text file, but it is full of control characters", fifo(bytes(4 * files.BLOCK)))


def test_devices_are_refused_at_once():
    for path in ("/dev/zero", "/dev/null", "/dev/urandom"):
        for settings in ({}, {"column": "text"}):
            refused(
                f"`source` must be a file, a folder or a pipe, not a device. Received: source='{path}'.",
                path,
                **settings,
            )


def test_a_folder_or_a_glob_with_a_pipe_or_a_link_to_nothing_is_refused_and_never_hangs(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    os.mkfifo(tmp_path / "other")
    (tmp_path / ".#a.txt").symlink_to("nowhere")  # what some editors leave beside an open file
    assert read(tmp_path) == ["one"]
    for name, make in (
        ("b.txt", os.mkfifo),
        ("c.txt", lambda path: path.symlink_to("/dev/zero")),
        ("d.txt", lambda path: path.symlink_to("nowhere")),
    ):
        make(tmp_path / name)
        message = f"must have only files, but {tmp_path / name} is a broken link, a pipe or a device"
        refused(message, tmp_path)
        refused(message, f"{tmp_path}/*.txt")
        (tmp_path / name).unlink()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_inside_that_may_not_be_read_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "inner").mkdir(0o000)
    refused("must be a folder that can be read (Permission denied)", tmp_path)


@pytest.mark.parametrize("change", ["grows", "is replaced"])
def test_a_file_that_changes_between_two_passes_or_within_one_is_refused(tmp_path, change):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(LINES))
    message = "must not change while it is read"

    def alter():
        if change == "grows":
            with path.open("a") as file:
                file.write("\nmore")
        else:
            (tmp_path / "b").write_text("other")
            os.replace(tmp_path / "b", path)

    documents = Documents(path)
    assert sum(1 for _ in documents.texts()) == len(LINES)
    alter()
    with pytest.raises(ValueError, match=message):
        list(documents.texts())
    if change == "grows":
        texts = Documents(path, separator="\n").texts()
        next(texts)
        alter()
        with pytest.raises(ValueError, match=message):
            list(texts)


def test_where_a_source_lies_is_absolute_whatever_the_folder_was(tmp_path, monkeypatch, fifo):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("one")
    os.mkfifo("empty")
    assert [Documents(name).locations for name in ("a.txt", "*.txt", ".")] == [
        [f"{tmp_path}/a.txt"],
        [f"{tmp_path}/*.txt"],
        [str(tmp_path)],
    ]
    assert Documents("stories:5").locations == ["stories:5"]
    assert Documents("empty").locations == Documents(["a text"]).locations == []
    assert Joined([Documents("a.txt"), Documents(["a text"])]).locations == []
    assert stat.S_ISFIFO(os.stat("empty").st_mode)


def test_a_pipe_in_the_place_of_a_file_that_was_looked_at_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "my.txt"
    path.write_text("the cat\n")
    file = files.File(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match="must not change while it is read"):
        list(file.blocks())
