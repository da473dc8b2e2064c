"""Checks of a vocabulary take as many steps as it has tokens, however bad it is; steps are counted, not seconds."""

import pytest

from tinylm_keras.id_rules import byte_level
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer

SIZE = 1_000


class Counted(str):
    """A string that counts how often one is compared or hashed."""

    steps = 0

    def __eq__(self, other):
        Counted.steps += 1
        return str.__eq__(self, other)

    def __hash__(self):
        Counted.steps += 1
        return str.__hash__(self)


def counted(texts):
    return [Counted(text) for text in texts]


def twice(texts):
    """The texts, then the last of them once more."""
    texts = counted(texts)
    return [*texts, Counted(texts[-1])]


def byte_tokens(size):
    return [*byte_level.alphabet(), *(f"a{number}b" for number in range(size))]


def merges(size):
    """Merges that make `size` tokens of one letter."""
    return ["a" * length + " a" for length in range(1, size)]


def made_of(size):
    return counted([*byte_level.alphabet(), *("a" * length for length in range(2, size + 1))])


CASES = {
    "byte pairs with a token twice": lambda size: byte_level.check_vocabulary(twice(byte_tokens(size))),
    "byte pairs with a merge twice": lambda size: byte_level.check_merges(twice(merges(size)), made_of(size)),
    "byte pairs": lambda size: byte_level.check_merges(counted(merges(size)), made_of(size)),
    "byte pairs without letters": lambda size: byte_level.check_vocabulary(counted(map(str, range(size)))),
    "byte-pair tokenizer": lambda size: BytePairTokenizer(
        vocabulary=counted(byte_tokens(size)), merges=[], end_token="<end>"
    ),
    "words": lambda size: WhitespaceTokenizer(vocabulary=counted(map(str, range(size)))),
    "words with one twice": lambda size: WhitespaceTokenizer(vocabulary=twice(map(str, range(size)))),
    "characters with one twice": lambda size: CharacterTokenizer(vocabulary=twice(map(chr, range(300, 300 + size)))),
    "words with an end": lambda size: WhitespaceTokenizer(vocabulary=twice(map(str, range(size))), end_token="<end>"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_vocabulary_twice_as_large_takes_twice_as_many_steps_to_check(name):
    found = []
    for size in (SIZE, 2 * SIZE):
        Counted.steps = 0
        try:
            CASES[name](size)
        except ValueError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 600
        found.append(Counted.steps)
    assert found[0] > 0
    assert found[1] < 2.5 * found[0]
