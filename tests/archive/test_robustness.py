"""Whatever bytes a file has, it is refused in one line or it is the model that was saved."""

import random
import re

import pytest

from tests.archive import hostile
from tinylm_keras import archive
from tinylm_keras.archive import text

FLIPS = 200


def checked(path):
    """True if the check lets the file pass; False if it refuses it in one line."""
    try:
        return archive.check(path) == []
    except ValueError as error:
        assert "\n" not in str(error)
        assert str(error).startswith(str(path))
        return False


def contents(path):
    with hostile.zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_file_with_a_flipped_bit_is_refused_or_holds_the_same_model(tmp_path):
    path, good, draw = tmp_path / "model.keras", hostile.GOOD.read_bytes(), random.Random(1)
    around = [bit for bit in range(8 * len(good)) if not 3000 < bit // 8 < len(good) - 400]
    passed = 0
    for bit in draw.sample(range(8 * len(good)), FLIPS) + draw.sample(around, FLIPS):
        path.write_bytes(hostile.flipped(good, bit))
        if checked(path):
            passed += 1
            assert contents(path) == hostile.members()
    assert 0 < passed < FLIPS  # a date or an attribute of a member may change


@pytest.mark.parametrize("name", [hostile.CONFIG, hostile.WEIGHTS])
def test_a_flipped_bit_behind_a_right_checksum_is_refused_in_one_line_or_harmless(tmp_path, name):
    path, members, draw = tmp_path / "model.keras", hostile.members(), random.Random(2)
    for bit in draw.sample(range(8 * len(members[name])), FLIPS):
        hostile.write(path, {**members, name: hostile.flipped(members[name], bit)})
        checked(path)


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path, good = tmp_path / "model.keras", hostile.GOOD.read_bytes()
    for length in range(1, len(good), 997):
        path.write_bytes(good[:length])
        assert not checked(path)


def signs_by_hand(content):
    """What stands outside the strings of a JSON text, letter by letter."""
    signs, inside, escaped = bytearray(), False, False
    for letter in content:
        if inside:
            inside = escaped or letter != ord('"')
            escaped = not escaped and letter == ord("\\")
        elif letter == ord('"'):
            inside, escaped = True, False
        else:
            signs.append(letter)
    return bytes(signs)


def test_what_stands_between_strings_is_found_in_any_text():
    draw = random.Random(3)
    for _ in range(2000):
        content = bytes(draw.choices(b'"\\[]{},a\n\xff', k=draw.randrange(40)))
        found = b"".join(text._STRINGS.sub(b"", stretch[0]) for stretch in text._STRETCH.finditer(content))
        assert found == signs_by_hand(content)


def test_brackets_and_commas_inside_strings_do_not_count():
    content = b'["' + b"[{,:" * 3_000_000 + b'"]'
    assert text.parse(content, "config.json") == ["[{,:" * 3_000_000]
    with pytest.raises(archive.Refused, match=re.escape("nested more than 32 levels")):
        text.parse(b'["\\"", ' + b"[" * 32 + b"]" * 33, "config.json")
