"""How large the grammar is, counted from its own tables."""

from dataclasses import dataclass

from tinylm_keras.stories.grammar import role_choices
from tinylm_keras.stories.patterns import Form, Slot, all_forms
from tinylm_keras.stories.plots import OUTLINES, PLOTS, Outline
from tinylm_keras.stories.words import BOYS, FREE_ROLES, GIRLS, MUST_DIFFER, role_words


@dataclass(frozen=True)
class Size:
    """How large the grammar is.

    Attributes:
        words: Different words, in lower case and without punctuation; `Tom's` counts as `tom`.
        forms: Sentence forms.
        plots: Plots.
        stories: A number of different stories that can certainly be told; see `lower_bound`.
    """

    words: int
    forms: int
    plots: int
    stories: int


def size() -> Size:
    """Counts the words, sentence forms, plots and stories of the grammar.

    Returns:
        A `Size`.

    Example:
        >>> size().plots
        12
    """
    forms = [form for group in all_forms().values() for form in group]
    words = {word for form in forms for piece in form.pieces for word in _words_of(piece)}
    return Size(words=len(words), forms=len(forms), plots=len(PLOTS), stories=lower_bound())


def _words_of(piece: str | Slot) -> list[str]:
    """The words one piece of a form can put into a story, in lower case and bare."""
    if isinstance(piece, Slot):
        return [piece.fill(word).lower() for word in role_words(piece.role)]
    return [bare for word in piece.split() if (bare := word.removeprefix("'s").strip('.,!"').lower())]


def lower_bound() -> int:
    """A number of different stories that can certainly be told; the true number is far higher.

    Only the shortest telling of each outline is counted, on one side of the door and, where a step has several parts,
    with the first of them. Of the words, only those count that the text must show whatever the forms, and of these only
    the ones that stay the same through a story.
    """
    return sum(_tellings(outline) for outline in OUTLINES)


def _tellings(outline: Outline) -> int:
    ways, shown = 1, set()
    for step in outline.steps:
        if not step.optional:
            forms = all_forms()[step.parts[0]]
            ways *= len(forms)
            shown |= set.intersection(*(_named(form) for form in forms))
    for role in shown - FREE_ROLES:
        choices = len(role_choices(outline, role, outline.sides[0]))
        # A friend has the names of one sex to choose from; another thing is one less than a thing.
        ways *= min(len(BOYS), len(GIRLS)) if role == "friend" else choices - (role in MUST_DIFFER)
    return ways


def _named(form: Form) -> set[str]:
    return {slot.role for slot in form.slots if slot.trait is None}
