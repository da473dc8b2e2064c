"""Recommends how to split a source into texts, with the reason in one line."""

import dataclasses

from tinylm_keras.text.survey import relation
from tinylm_keras.text.survey.remarks import percent

FEWEST_TEXTS = 10  # fewer are parts of one text, or too few to choose validation from
MOST_UNEVEN = 0.6  # share of the characters in the longest tenth of the texts
INDENTED = 0.03  # share of lines; more is the structure of code or verse
CONTINUED = 0.1  # share of lines that continue in the next
LABELLED = 0.5  # share of lines that begin with a speaker, a time or a tag
LINES_IN_BLOCKS = 10  # lines between blank lines, on average: with more, the blank lines are strays or headings
SEVERAL_LINES = 0.3  # share of the texts between blank lines that have several lines
# Characters of the median line: short lines are names, titles or sayings. Without blanks, words take fewer characters.
SHORT, SHORT_WITHOUT_BLANKS = 80, 30
UNEVEN_LINES = 4  # times the median that the line at nine tenths has: paragraphs of a novel vary so
# Short lines without sentence ends are verse where they have several words, and neighbours share very many of them.
VERSE, WORDS_OF_VERSE, SENTENCES_OF_VERSE = 4, 4, 0.2
FILES = 10  # at least so many files of a few lines are separate texts
LINES_OF_A_TEXT = 3


@dataclasses.dataclass(frozen=True)
class Facts:
    r"""The facts for a recommendation.

    Attributes:
        cuts: dict. The `Cut` for None, "\n" and "\n\n".
        cohesion: dict. The `cohesion` of neighbouring texts for "\n" and "\n\n".
        relation: `Relation` of the lines.
        mark: str or None. The separator of a mark between texts.
        blank_lines: int. Number of places with blank lines.
        words_in_line: float. Average number of words in a line.
        blanks: bool. Whether there are spaces between words.
    """

    cuts: dict
    cohesion: dict
    relation: relation.Relation
    mark: str | None
    blank_lines: int
    words_in_line: float
    blanks: bool


def recommend(facts):
    r"""Return the separator for `read` and the reason.

    Args:
        facts: `Facts`.

    Returns:
        The pair `(separator, reason)`; the separator is None (each file is one text), "\n", "\n\n", or a mark.
    """
    lines, blocks, whole = facts.cuts["\n"], facts.cuts["\n\n"], facts.cuts[None]
    if facts.mark is not None:
        return facts.mark, f"the mark {facts.mark.strip()} separates {facts.cuts[facts.mark].texts:,} texts"
    if whole.texts >= FILES and lines.texts <= LINES_OF_A_TEXT * whole.texts:
        return None, f"each of the {whole.texts:,} files is a text"
    if lines.texts < FEWEST_TEXTS:
        return None, f"only {lines.texts:,} line{'s' * (lines.texts != 1)}: one text, not split"
    if blocks.texts < FEWEST_TEXTS or lines.texts >= LINES_IN_BLOCKS * blocks.texts:
        return _lines(facts, lines, blocks)
    if blocks.with_lines >= SEVERAL_LINES:
        return None, "texts of several lines with blank lines between them: line breaks and blank lines are kept"
    return _alone(facts, blocks, "\n\n", "paragraph")


def _lines(facts, lines, blocks):
    """Return the recommendation for a text with few or no blank lines."""
    separator, reason = _alone(facts, lines, "\n", "line")
    strays = facts.blank_lines
    if separator == "\n" and strays > 0 and blocks.texts > 1:
        reason += f"; {strays:,} blank line{'s' * (strays != 1)} among {lines.texts:,} lines are not separators"
    return separator, reason


def _alone(facts, cut, separator, noun):
    """Recommend each line or paragraph as a text, unless neighbours belong together or sizes are too uneven."""
    related = facts.cohesion[separator] >= relation.RELATED and not facts.relation.ordered
    structure = _structure(facts.relation, related)
    if structure:
        return None, f"{structure}: line breaks are kept, and the text is not split"
    if cut.longest_tenth > MOST_UNEVEN:
        return None, f"the longest tenth of the {noun}s holds {percent(cut.longest_tenth)} of the text: it is not split"
    if related and _neighbours_belong_together(facts, cut):
        return None, f"neighbouring {noun}s continue with each other: the text is not split"
    return separator, f"{cut.texts:,} {noun}s that do not continue with each other: each is a text"


def _structure(lines, related):
    """Return the reason why lines are parts of one text, or "".

    Lowercase beginnings of lines are no proof: lists of names and messages have them too.
    """
    if lines.indented >= INDENTED:
        return f"{percent(lines.indented)} of the lines are indented"
    if lines.open_ends >= CONTINUED or (related and lines.continued >= CONTINUED):
        return f"{percent(lines.continued)} of the lines continue in the next"
    if lines.labelled >= LABELLED:
        return f"{percent(lines.labelled)} of the lines begin with a speaker, a time or a tag"
    return ""


def _neighbours_belong_together(facts, cut):
    """Whether related neighbours form one text, such as paragraphs and verse, but not titles and sayings."""
    median, nine_tenths = cut.lengths[2], cut.lengths[3]
    if median >= (SHORT if facts.blanks else SHORT_WITHOUT_BLANKS) or nine_tenths >= UNEVEN_LINES * median:
        return True
    words = facts.words_in_line if facts.blanks else median / 2
    few_ends = facts.relation.sentences <= SENTENCES_OF_VERSE or not facts.blanks
    return facts.cohesion[cut.separator] >= VERSE and words >= WORDS_OF_VERSE and few_ends
