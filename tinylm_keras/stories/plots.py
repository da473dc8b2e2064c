"""The plots: in which order the parts of a story come, and which words fit it.

An outline names its parts in order; a part with `?` may be left out. Every outline gives between five and nine
sentences. A plot has one outline for each set of characters it can be told with.
"""

from dataclasses import dataclass
from functools import cached_property

_PLOTS = {
    "lost": (
        "open carry lose sad? friend_comes friend_looks find thank_friend? end_two|end_thing",
        "open carry lose sad? kin_comes kin_looks find thank_kin? end_kin|end_thing",
    ),
    "broken": (
        "open carry break sad? friend_comes friend_fixes fixed thank_friend? end_two|end_thing",
        "open carry break sad? kin_comes kin_fixes fixed thank_kin? end_kin|end_thing",
    ),
    "stuck": (
        "open carry stick reach? friend_comes friend_brings down thank_friend? end_two|end_thing",
        "open carry stick reach? kin_comes kin_brings down thank_kin? end_kin|end_thing",
    ),
    "share": ("open_two has_food no_food friend_sad? share friend_glad eat? end_share|end_two",),
    "gift": ("gift_open get_material make proud? give friend_glad end_gift",),
    "frightened": ("open see fear soothe calm glad? end_animal",),
    "hungry": ("open see hungry has_feed feed eats full? glad? end_animal",),
    "rain": ("open rain wet umbrella cover? shelter inside thank_friend? end_rain",),
    "skill": (
        "want try sad? friend_comes friend_teaches practice? able proud? end_friend_skill",
        "want try sad? kin_comes kin_teaches practice? able proud? end_kin_skill",
    ),
    "visit": ("set_out house tired? arrive welcome? cook eat_cake? end_visit",),
    "seed": ("plant water? nothing sad? kin_comes advice grow proud? end_seed",),
    "return": ("open spy wonder? seek owner hand_back friend_glad? end_return|end_two",),
}

CASTS: dict[str, dict[str, str]] = {
    "lost": {"thing": "toy"},
    "broken": {"thing": "toy"},
    "stuck": {"thing": "flyer"},
    "gift": {"thing": "craft"},
    "hungry": {"animal": "eater"},
    "visit": {"kin": "elder", "food": "baked"},
    "return": {"thing": "clothing"},
}
"""Plot -> role -> the one class of words that fits there; any class of the role fits elsewhere."""

SIDES: dict[str, tuple[str, ...]] = {
    "stuck": ("outdoor",),
    "gift": ("indoor",),
    "frightened": ("outdoor",),
    "hungry": ("outdoor",),
    "rain": ("outdoor",),
}
"""Plot -> where it can happen; elsewhere both. Place and spot of one story are on the same side of the door."""


@dataclass(frozen=True)
class Step:
    """One position of an outline: the parts that can stand there, and whether it may stay empty."""

    parts: tuple[str, ...]
    optional: bool


@dataclass(frozen=True)
class Outline:
    """One way to tell a plot: its steps in order, and the words that fit its roles."""

    plot: str
    steps: tuple[Step, ...]
    cast: tuple[tuple[str, str], ...]
    sides: tuple[str, ...]

    @cached_property
    def parts(self) -> frozenset[str]:
        """Every part this outline can tell."""
        return frozenset(part for step in self.steps for part in step.parts)

    @property
    def required(self) -> int:
        """Sentences of the shortest telling."""
        return sum(not step.optional for step in self.steps)


def _outline(plot: str, text: str) -> Outline:
    steps = tuple(Step(tuple(item.rstrip("?").split("|")), item.endswith("?")) for item in text.split())
    return Outline(plot, steps, tuple(CASTS.get(plot, {}).items()), SIDES.get(plot, ("outdoor", "indoor")))


PLOTS: dict[str, tuple[Outline, ...]] = {
    plot: tuple(_outline(plot, text) for text in outlines) for plot, outlines in _PLOTS.items()
}
"""Plot -> its outlines."""

OUTLINES: tuple[Outline, ...] = tuple(outline for outlines in PLOTS.values() for outline in outlines)
