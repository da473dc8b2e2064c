"""The writer: draws a plot, a cast and a form for each part, and fills the forms in."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

from tinylm_keras.stories.patterns import Form, Slot, all_forms
from tinylm_keras.stories.plots import PLOTS, Outline
from tinylm_keras.stories.words import BOYS, CLASSES, FREE_ROLES, GIRLS, MUST_DIFFER, ROLES, TRAITS, role_words

OPTIONAL_SHARE = 0.3
"""How often a sentence that may be left out is told."""

LONGEST = 66
"""Words of the longest story that is told. The few longer ones would make every row of a batch longer."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Draft:
    """A story with its making: the parts told, the form of each, and who and what is in it."""

    outline: Outline
    parts: tuple[str, ...]
    forms: tuple[Form, ...]
    cast: dict[str, str]
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def draw(random: Random, items: tuple[_Item, ...]) -> _Item:
    """One of `items`. Only `random.random()` is promised to stay the same in every version of Python."""
    return items[int(random.random() * len(items))]


def role_choices(outline: Outline, role: str, side: str) -> tuple[str, ...]:
    """The words `role` can take in a story told by `outline` indoors or outdoors."""
    if role in ("place", "spot"):
        return CLASSES[f"{side} {role}"]
    narrow = dict(outline.cast).get(role)
    if narrow is None and role in FREE_ROLES:
        narrow = role
    return CLASSES[narrow] if narrow else role_words(role)


@cache
def _plan(outline: Outline, side: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The roles an outline needs that keep their word, and the words to choose from."""
    parts = [part for step in outline.steps for part in step.parts]
    slots = (slot for part in parts for form in all_forms()[part] for slot in form.slots)
    needed = {slot.role for slot in slots if slot.role not in FREE_ROLES}
    # In the order of `ROLES`: whoever must differ from somebody is drawn after him.
    return tuple((role, role_choices(outline, role, side)) for role in ROLES if role in needed)


def _cast(random: Random, outline: Outline) -> dict[str, str]:
    cast: dict[str, str] = {}
    for role, choices in _plan(outline, draw(random, outline.sides)):
        if role == "friend":
            # A boy and a girl, so that "he" and "she" tell them apart. The judge does not ask for it.
            choices = GIRLS if cast["hero"] in BOYS else BOYS
        word = draw(random, choices)
        while word == cast.get(MUST_DIFFER.get(role, "")):
            word = draw(random, choices)
        cast[role] = word
    return cast


def _fill(random: Random, form: Form, cast: dict[str, str]) -> str:
    text = []
    for piece in form.pieces:
        if not isinstance(piece, Slot):
            text.append(piece)
            continue
        word = draw(random, CLASSES[piece.role]) if piece.role in FREE_ROLES else cast[piece.role]
        text.append(word if piece.trait is None else TRAITS[word][piece.trait])
    return "".join(text)


def draft(random: Random) -> Draft:
    """One story with its making; the judge's tests use it to know what they change.

    Args:
        random: Where the choices come from; it is moved on.

    Returns:
        The draft; its `text` is the story.
    """
    outline = draw(random, draw(random, tuple(PLOTS.values())))
    cast = _cast(random, outline)
    told = [step for step in outline.steps if not step.optional or random.random() < OPTIONAL_SHARE]
    parts = tuple(draw(random, step.parts) for step in told)
    forms = tuple(draw(random, all_forms()[part]) for part in parts)
    return Draft(outline, parts, forms, cast, tuple(_fill(random, form, cast) for form in forms))


def write(count: int, seed: int = 0) -> list[str]:
    """Writes short stories for small children.

    The stories are a function of `seed` alone, on every machine and version of Python: the first ten of a thousand are
    the ten that `write(10, seed)` gives.

    Args:
        count: How many stories; at least 0.
        seed: Any whole number; another seed gives other stories.

    Returns:
        A list of `count` strings, each one story of 5 to 9 sentences in one line.

    Raises:
        ValueError: If `count` is negative.

    Example:
        >>> stories = write(3, seed=1)
        >>> len(stories), stories == write(5, seed=1)[:3]
        (3, True)
    """
    if count < 0:
        raise ValueError(f"`count` must be at least 0. Received: count={count}. Try count=1000.")
    random = Random(f"tinylm stories {int(seed)}")
    return [_short_enough(random) for _ in range(count)]


def _short_enough(random: Random) -> str:
    while True:
        text = draft(random).text
        if text.count(" ") < LONGEST:
            return text
