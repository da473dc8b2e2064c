"""Sentence forms as patterns: the same form is filled in by the writer and matched by the judge."""

import re
from dataclasses import dataclass, field
from functools import cache

from tinylm_keras.stories.forms import PARTS
from tinylm_keras.stories.words import FEELINGS, ROLES, TRAITS, role_words

_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass(frozen=True)
class Slot:
    """A gap in a form: the word of a role, or, with a trait, something that follows from that word."""

    role: str
    trait: str | None
    owning: bool = False

    def fill(self, word: str) -> str:
        """What stands in the text when `word` plays the role."""
        return word if self.trait is None else TRAITS[word][self.trait]


@dataclass(frozen=True)
class Form:
    """One sentence form: the part it plays, its template cut at the slots (text, slot, text, ...)."""

    part: str
    template: str
    pieces: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self.pieces[1::2]


def _form(part: str, template: str) -> Form:
    pieces: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(template):
        owning = template.startswith("'s", match.end())
        pieces += [template[end : match.start()], Slot(match[1], match[2], owning)]
        end = match.end()
    return Form(part, template, (*pieces, template[end:]))


@cache
def all_forms() -> dict[str, tuple[Form, ...]]:
    """Part of a story -> its forms, cut into pieces."""
    return {part: tuple(_form(part, template) for template in templates) for part, templates in PARTS.items()}


@dataclass(frozen=True)
class Reading:
    """One way to understand a sentence: a form, and what stood in each of its slots."""

    form: Form
    values: tuple[str, ...]


@dataclass
class _Node:
    """A node of the tree of all forms: words that may follow, gaps that may follow, forms that end here."""

    words: dict[str, "_Node"] = field(default_factory=dict)
    gaps: dict[tuple, tuple[dict[str, str], "_Node"]] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)


@cache
def _gap_tokens(kind: str, trait: str | None, before: str, after: str) -> dict[str, str]:
    """Every token that can stand in a gap -> the value it gives the slot."""
    values = (word if trait is None else TRAITS[word][trait] for word in role_words(kind))
    return {before + value + after: value for value in dict.fromkeys(values)}


def _kind(role: str) -> str:
    """Roles with the same words share a gap, so hero and friend, or sad and happy, are told apart later."""
    return next(name for name in ROLES if ROLES[name] == ROLES[role])


@cache
def _tree() -> _Node:
    root = _Node()
    for forms in all_forms().values():
        for form in forms:
            node, slots = root, iter(form.slots)
            for token in form.template.split(" "):
                match = _SLOT.search(token)
                if match is None:
                    node = node.words.setdefault(token, _Node())
                    continue
                slot = next(slots)
                key = (_kind(slot.role), slot.trait, token[: match.start()], token[match.end() :])
                node = node.gaps.setdefault(key, (_gap_tokens(*key), _Node()))[1]
            node.forms.append(form)
    return root


def read(tokens: list[str]) -> list[Reading]:
    """Every way to understand one sentence; none if the grammar cannot make it.

    Args:
        tokens: The words of the sentence, with their punctuation.

    Returns:
        The readings, in a fixed order.
    """
    paths: list[tuple[_Node, tuple[str, ...]]] = [(_tree(), ())]
    for token in tokens:
        following = []
        for node, values in paths:
            if token in node.words:
                following.append((node.words[token], values))
            for gap, child in node.gaps.values():
                if token in gap:
                    following.append((child, (*values, gap[token])))
        if not following:
            return []
        paths = following
    return [Reading(form, values) for node, values in paths for form in node.forms]


def is_feeling(role: str) -> bool:
    """Whether `role` is a feeling, which the parser takes in any sentence that tells one."""
    return role in FEELINGS
