"""What a terminal could act on is shown, and everything else is as it was."""

import json
import unicodedata

import pytest

from tinylm_keras._terminal import harmless, harmless_json, printable

COMMANDS = [
    "\x1b]0;title\x07",
    "\x1b]52;c;YQ==\x1b\\",
    "\x1b[2J",
    "\x9b2J",
    "\x9d0;t\x9c",
    "\r",
    "\b",
    "\x7f",
    "\0",
    "\v",
]
DIRECTIONS = ["\u202e", "\u202a", "\u2066", "\u2069", "\u200f", "\u061c", "\u2028", "\U000e0001"]


@pytest.mark.parametrize("text", [*COMMANDS, *DIRECTIONS], ids=ascii)
def test_what_a_terminal_acts_on_is_written_as_an_escape(text):
    shown = harmless(f"a{text}b")
    assert shown.isprintable()
    assert shown.encode("ascii").decode("unicode-escape") == f"a{text}b" or "\\" in text
    assert "".join(map(harmless, f"a{text}b")) == shown  # in pieces too


def test_no_control_character_of_unicode_is_left():
    everything = "".join(map(chr, range(0x110000)))
    left = [letter for letter in harmless(everything) if unicodedata.category(letter) in ("Cc", "Cs")]
    assert set(left) == {"\t", "\n"}
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    assert not [letter for letter in harmless(everything) if unicodedata.bidirectional(letter) in turning]


@pytest.mark.parametrize("text", ["two\n\tlines", "déjà vu", "猫", "🙂 👩\u200d💻 ☕\ufe0f", "نص", "נער", "a\u00a0b"])
def test_ordinary_text_of_any_script_is_as_it_was(text):
    assert harmless(text) == text


def test_in_one_line_there_are_no_lines():
    assert printable("a\n\tb") == "a\\n\\tb"
    assert printable(7) == "7"


def test_json_keeps_its_value():
    value = {"a": "\x7f\x9b\u202e\U000e0001 é\n", "\u2028": 1}
    shown = harmless_json(json.dumps(value, indent=1, ensure_ascii=False))
    assert json.loads(shown) == value
    assert all(line.isprintable() for line in shown.split("\n"))
