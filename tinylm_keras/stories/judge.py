"""The judge: parses a story and reports inconsistencies.

It sees the text alone. Each sentence is matched to the forms; then the order of the parts must be one that a plot can
make (`order`); then everybody and everything must stay what it was (`_facts`). If a story can be understood in several
ways, the way with the fewest faults counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tinylm_keras.stories.grammar import role_choices
from tinylm_keras.stories.order import Telling, best_tellings, whole_tellings
from tinylm_keras.stories.patterns import Slot, is_feeling, read
from tinylm_keras.stories.plots import Outline
from tinylm_keras.stories.words import BOYS, CLASSES, FREE_ROLES, GIRLS, MEN, MUST_DIFFER, WOMEN

FEWEST_SENTENCES, MOST_SENTENCES = 5, 9
_READ_AT_MOST = 12

_KIND_OF_ROLE = {
    **dict.fromkeys(("hero", "friend", "kin"), "name"),
    **dict.fromkeys(("colour", "fur"), "colour"),
    **dict.fromkeys(("place", "spot", "shelter", "landmark"), "place"),
}
_SORTS = {
    **dict.fromkeys(BOYS, "a boy"),
    **dict.fromkeys(GIRLS, "a girl"),
    **dict.fromkeys(MEN, "a man or a boy"),
    **dict.fromkeys(WOMEN, "a woman or a girl"),
}
_RIVALS = MUST_DIFFER | {role: other for other, role in MUST_DIFFER.items()}


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, the number of its sentence (0: the whole story), and a description."""

    kind: str
    sentence: int
    text: str

    def __str__(self) -> str:
        return f"sentence {self.sentence}: {self.text}" if self.sentence else f"story: {self.text}"


@dataclass(frozen=True)
class _Mention:
    """The value that one slot of one sentence gives a role."""

    sentence: int
    slot: Slot
    value: str


def split_sentences(tokens: list[str]) -> list[list[str]]:
    """Split a story after each full stop and exclamation mark, but not between a quotation and its speaker."""
    sentences: list[list[str]] = []
    ended = True
    for token in tokens:
        if ended:
            sentences.append([])
        sentences[-1].append(token)
        ended = token[-1] in ".!?"
    return sentences


def _brief(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _form_faults(story: str, sentences: list[list[str]]) -> Iterator[Fault]:
    """Yield faults of spacing, length and the last word of a story."""
    if story.strip() != " ".join(" ".join(tokens) for tokens in sentences):
        yield Fault("spacing", 0, "words must be parted by single spaces")
    count = len(sentences)
    if not FEWEST_SENTENCES <= count <= MOST_SENTENCES:
        limits = f"{FEWEST_SENTENCES} to {MOST_SENTENCES}"
        yield Fault("length", 0, f"{count} sentence{'s' * (count != 1)}, but a story has {limits}")
    if sentences and sentences[-1][-1][-1] not in ".!?":
        yield Fault("unfinished", count, f"stops in the middle, at {_brief(sentences[-1][-1])}")


def _score(word: str, mentions: list[_Mention]) -> int:
    return sum(mention.slot.fill(word) == mention.value for mention in mentions)


def _settle(mentions: list[_Mention]) -> _Mention | None:
    """Return the mention that agrees with most of the story; the first one if several do."""
    named = [mention for mention in mentions if mention.slot.trait is None]
    return max(named, key=lambda mention: _score(mention.value, mentions), default=None)


def _disagreement(mention: _Mention, true: _Mention, rival: _Mention | None) -> Fault:
    """Describe the fault of a mention, given the value of the role in the rest of the story."""
    role, trait, value = mention.slot.role, mention.slot.trait, mention.value
    where = f"sentence {true.sentence}"
    if trait in ("in", "under", "a"):
        kind = "article" if trait == "a" else "place"
        return Fault(kind, mention.sentence, f"{value!r} does not go with {true.value!r} ({where})")
    if trait is not None:
        return Fault("pronoun", mention.sentence, f"{value!r} but {true.value} is {_SORTS[true.value]} ({where})")
    kind = _KIND_OF_ROLE.get(role, "thing")
    if mention.slot.owning or (rival and rival.value == value and role not in ("hero", "friend")):
        kind = "owner"
    return Fault(kind, mention.sentence, f"{value!r} but it is {true.value!r} in {where}")


def _fits(role: str, word: str, outline: Outline) -> bool:
    return any(word in role_choices(outline, role, side) for side in outline.sides)


def _facts(telling: Telling) -> list[Fault]:
    """Return values that change between sentences, and values that do not fit the plot."""
    mentions: dict[str, list[_Mention]] = {}
    faults: list[Fault] = []
    for number, reading in telling.readings:
        for slot, value in zip(reading.form.slots, reading.values, strict=True):
            if is_feeling(slot.role):
                if value not in CLASSES[slot.role]:
                    words = " or ".join(CLASSES[slot.role])
                    faults.append(Fault("feeling", number, f"{value!r}, but what happened makes one {words}"))
            elif slot.role not in FREE_ROLES:
                mentions.setdefault(slot.role, []).append(_Mention(number, slot, value))
    settled = {role: true for role, said in mentions.items() if (true := _settle(said))}
    for role, true in settled.items():
        rival = settled.get(_RIVALS.get(role, ""))
        wrong = [mention for mention in mentions[role] if mention.slot.fill(true.value) != mention.value]
        faults += [_disagreement(mention, true, rival) for mention in wrong]
        if not _fits(role, true.value, telling.outline):
            kind = _KIND_OF_ROLE.get(role, "thing")
            text = f"{true.value!r} does not fit a story of the kind '{telling.outline.plot}'"
            faults.append(Fault(kind, true.sentence, text))
    return faults + list(_pairs(settled))


def _pairs(settled: dict[str, _Mention]) -> Iterator[Fault]:
    """Yield faults between two roles: the same name for two people, an indoor object outdoors."""
    for other, role in MUST_DIFFER.items():
        if role in settled and other in settled and settled[role].value == settled[other].value:
            kind, number = _KIND_OF_ROLE.get(role, "thing"), settled[other].sentence
            yield Fault(kind, number, f"{settled[role].value!r} stands for two that must differ")
    if "place" in settled and "spot" in settled:
        place, spot = settled["place"], settled["spot"]
        if (place.value in CLASSES["outdoor place"]) != (spot.value in CLASSES["outdoor spot"]):
            text = f"no {spot.value!r} can be where they are: {place.value!r} in sentence {place.sentence}"
            yield Fault("place", spot.sentence, text)


def faults(story: str) -> list[Fault]:
    """Return the faults of `check` as objects with a kind and the number of the sentence.

    Args:
        story: Any text.

    Returns:
        The faults in the order of the sentences; none for a consistent story.
    """
    sentences = split_sentences(story.split())
    found = list(_form_faults(story, sentences))
    readings = [read(tokens) for tokens in sentences[:_READ_AT_MOST]]
    for number, (tokens, choices) in enumerate(zip(sentences, readings, strict=False), start=1):
        if not choices:
            found.append(Fault("sentence", number, f"not a sentence of these stories: {_brief(' '.join(tokens))}"))
    if readings:
        tellings = whole_tellings(readings) or best_tellings(readings)
        found += min(([*_order(telling, len(readings)), *_facts(telling)] for telling in tellings), key=len)
    return sorted(found, key=lambda fault: fault.sentence)


def _order(telling: Telling, told: int) -> Iterator[Fault]:
    """Yield faults in the order of the sentences."""
    for number in telling.extra:
        yield Fault("order", number, f"does not belong here in a story of the kind '{telling.outline.plot}'")
    for number, part in telling.missing:
        side = "after" if number > told else "before"
        text = f"{side} it a sentence is missing (the part '{part.replace('_', ' ')}')"
        yield Fault("missing", min(number, told), text)


def check(story: str) -> list[str]:
    """Return all faults of a story; an empty list means that it is consistent.

    The text is parsed and its facts are tracked: persons, pronouns, owners, colours, places, feelings with their
    causes, and whether the ending fits the beginning. Nothing else is looked at, so any text may be asked about, and
    none raises.

    Args:
        story: The text of one story.

    Returns:
        One line for each fault, in the order of the sentences.

    Example:
        >>> from tinylm_keras.stories import write
        >>> check(write(1, seed=1)[0])
        []
        >>> check("Tom had a ball")[0]
        'story: 1 sentence, but a story has 5 to 9'
    """
    return [str(fault) for fault in faults(story)]
