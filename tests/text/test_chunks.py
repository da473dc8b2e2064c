"""Laws of the stream of texts: whatever the size of the chunks, the texts, their ids and the errors are the same."""

import itertools
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras.text import chunks, documents, files
from tinylm_keras.text.decoding import decoded
from tinylm_keras.text.documents import Documents, Joined

TEXT = st.text("ab|. \n\t\u00a0\u2003", max_size=60)
SEPARATORS = (None, "auto", "\n", "\n\n", "|", ".\n", " ", "||", "ab", "\n|\n", "\n| |\n")


def with_sizes(block, chunk, head=2):
    """Make the stream read and cut in tiny portions."""
    patches = (
        mock.patch.object(files, "BLOCK", block),
        mock.patch.multiple(chunks, CHUNK=chunk, HEAD=head),
        mock.patch.object(documents, "CHUNK", chunk),
    )

    def decorate(function):
        for patch in patches:
            function = patch(function)
        return function()

    return decorate


def reference(text, separator):
    """The texts of a file that is in memory as a whole."""
    if separator is None:
        return [text] if text.strip() else []
    body = text.strip()
    if separator == "auto":
        separator = "\n\n" if re.search(r"\n\s*\n", body) else "\n"
    if separator == "\n\n":
        parts = re.split(r"\n\s*\n", body)
    elif separator in ("\n|\n", "\n| |\n"):  # a line of its own, also the first and the last
        lines = body.split("\n")
        ends = [place for place, line in enumerate(lines) if line.strip() == separator.strip()]
        parts = ["\n".join(lines[one + 1 : two]) for one, two in itertools.pairwise([-1, *ends, len(lines)])]
    else:
        parts = body.split(separator)
    return [part.strip() for part in parts if part.strip()]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("chunks") / "text.txt"


@settings(max_examples=400, deadline=None)
@given(TEXT, st.sampled_from(SEPARATORS), st.integers(1, 9), st.integers(1, 12))
def test_the_texts_do_not_depend_on_the_size_of_blocks_and_chunks(path, text, separator, block, chunk):
    path.write_text(text, encoding="utf-8", newline="")
    expected = reference(text, separator)

    @with_sizes(block, chunk)
    def check():
        stream = Documents(path, separator=separator)
        if not expected:
            with pytest.raises(ValueError, match="`source` must hold text"):
                list(stream)
            return
        for _ in range(2):  # a second pass is the same
            assert list(stream.texts()) == expected
        assert stream.done == stream.size == len(text.encode())
        for part in stream:
            assert part.last or part.text[-1:].strip()  # cut after something that is no white space


@pytest.mark.parametrize("chunk", [1, 7, 30])
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_the_first_chunk_of_a_text_has_its_head_or_all_of_it(path, block, chunk):
    texts = ["a b c d e f g h i j k l m n o p q r s t u v w x y z", "a b", "a" * 40 + " b"]
    path.write_text("\n".join(texts))

    @with_sizes(block, chunk, head=20)
    def check():
        heads = [part.text[:20] for part in Documents(path) if part.first]
        assert heads == [text[:20] for text in texts]


def test_a_byte_order_mark_is_removed_at_the_beginning_alone(path):
    path.write_text("\ufeff\ufeffa\ufeffb", encoding="utf-8")
    for block in (1, 2, 3, 4, 9):

        @with_sizes(block, 4)
        def check():
            assert "".join(decoded(files.File(path), "utf-8")) == "\ufeffa\ufeffb"


@settings(max_examples=60, deadline=None)
@given(text=st.text("ab é.!'\n\t\u00a0\u2003🙂", min_size=1, max_size=80), chunk=st.integers(1, 9))
def test_the_ids_of_the_chunks_are_the_ids_of_the_text(tokenizer, text, chunk):
    @with_sizes(1, chunk)
    def check():
        if not text.strip():
            return
        parts = [part.text for part in Documents([text])]
        assert "".join(parts) == text
        assert np.array_equal(np.concatenate(tokenizer.tokenize(parts)), tokenizer.tokenize(text))


def test_long_texts_are_really_cut_and_equal_ones_begin_with_equal_heads(tmp_path):
    long = "word " * 500_000
    path = tmp_path / "a.txt"
    path.write_text(f"{long}\n\nshort\n\n{long}")
    parts = list(Documents(path))
    assert len(parts) > 5
    assert max(len(part.text) for part in parts) < 1_500_000
    first = [part for part in parts if part.first]
    assert first[0].text[: chunks.HEAD] == first[2].text[: chunks.HEAD] == long[: chunks.HEAD]


def test_a_run_without_white_space_is_never_cut():
    long = "x" * 3_000_000
    assert next(iter(Documents([f"{long} y{' z' * 1_000_000}"]))).text.startswith(f"{long} y")


@pytest.mark.parametrize("block", [1, 2, 3, 7])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp932", "gb18030"])
def test_a_file_is_decoded_the_same_in_blocks_of_any_size(tmp_path, encoding, block):
    path, text = tmp_path / "a.txt", "あ\r\n\rいう\n\r\n"
    path.write_bytes(text.encode(encoding))

    @with_sizes(block, 4)
    def check():
        assert "".join(decoded(files.File(path), encoding)) == "あ\n\nいう\n\n"


@pytest.mark.parametrize("block", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("encoding", "content"),
    [("utf-8", b"abc caf\xe9 x"), ("utf-8", "é".encode() + b"\xe2\x82"), ("cp932", b"ab\x81"), ("ascii", b"abcd\x80")],
)
def test_the_place_of_a_wrong_byte_is_the_same_in_blocks_of_any_size(tmp_path, encoding, content, block):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(UnicodeDecodeError) as expected:
        content.decode(encoding)

    @with_sizes(block, 4)
    def check():
        with pytest.raises(ValueError, match=f"at offset {expected.value.start}, in line 1, is not"):
            list(decoded(files.File(path), encoding))


@pytest.mark.parametrize("block", [1, 3, 100])
def test_a_table_is_read_the_same_in_blocks_of_any_size(tmp_path, block):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\r\n\r\nid,text\r\n1,"one, ""two""\r\nthree"\r\n2,\r\n3,four\r\n4\r\n')

    @with_sizes(block, 4)
    def check():
        stream = iter(Documents(path, column="text").texts())
        assert next(stream) == 'one, "two"\nthree'
        with pytest.raises(ValueError, match=r"line 8 of .* has only 1 cell\."):
            list(stream)


def test_several_sources_are_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    joined = Joined([Documents(path), Documents(["three"]), Documents(path)])
    assert list(joined.texts()) == ["one", "two", "three", "one", "two"]
    assert (joined.names, joined.size) == ([str(path), "texts given in Python", str(path)], None)
    assert joined.done == 8 + 5 + 8
