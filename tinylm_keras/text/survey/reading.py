"""How a source should be cut into texts, and why: one recommendation, in one line."""

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
FILES = 10  # so many files of a few lines are texts themselves
LINES_OF_A_TEXT = 3


@dataclasses.dataclass(frozen=True)
class Facts:
    r"""What the recommendation rests on.

    Attributes:
        cuts: dict. Of None, "\n" and "\n\n" the `Cut`.
        cohesion: dict. Of "\n" and "\n\n" the `cohesion` of neighbouring texts.
        relation: `Relation` of the lines.
        mark: str or None. The separator that a mark between texts makes.
        blank_lines: int. Places where blank lines stand between others.
        words_in_line: float. On average.
        blanks: bool. Whether blanks stand between words.
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
        return facts.mark, f"the mark {facts.mark.strip()} stands between {facts.cuts[facts.mark].texts:,} texts"
    if whole.texts >= FILES and lines.texts <= LINES_OF_A_TEXT * whole.texts:
        return None, f"each of the {whole.texts:,} files is a text"
    if lines.texts < FEWEST_TEXTS:
        return None, f"only {lines.texts:,} line{'s' * (lines.texts != 1)}: one text, kept as it is"
    if blocks.texts < FEWEST_TEXTS or lines.texts >= LINES_IN_BLOCKS * blocks.texts:
        return _lines(facts, lines, blocks)
    if blocks.with_lines >= SEVERAL_LINES:
        return None, "texts of several lines follow each other: line breaks and blank lines are kept"
    return _alone(facts, blocks, "\n\n", "paragraph")


def _lines(facts, lines, blocks):
    """The recommendation for a text that blank lines do not cut, or hardly."""
    separator, reason = _alone(facts, lines, "\n", "line")
    strays = facts.blank_lines
    if separator == "\n" and strays > 0 and blocks.texts > 1:
        reason += f"; {strays:,} blank line{'s' * (strays != 1)} among {lines.texts:,} separate nothing"
    return separator, reason


def _alone(facts, cut, separator, noun):
    """Each line or paragraph a text, unless neighbours belong together or hardly anything can be chosen from."""
    related = facts.cohesion[separator] >= relation.RELATED and not facts.relation.ordered
    structure = _structure(facts.relation, related)
    if structure:
        return None, f"{structure}: line breaks are kept, and the text stays whole"
    if cut.longest_tenth > MOST_UNEVEN:
        return None, f"the longest tenth of the {noun}s holds {percent(cut.longest_tenth)} of the text: it stays whole"
    if related and _neighbours_belong_together(facts, cut):
        return None, f"neighbouring {noun}s continue with each other: the text stays whole"
    return separator, f"{cut.texts:,} {noun}s that do not continue with each other: each is a text"


def _structure(lines, related):
    """What makes lines the parts of one text; "" for nothing.

    Small letters at the beginning of lines alone prove nothing: lists of names and messages have them too.
    """
    if lines.indented >= INDENTED:
        return f"{percent(lines.indented)} of the lines are indented"
    if lines.open_ends >= CONTINUED or (related and lines.continued >= CONTINUED):
        return f"{percent(lines.continued)} of the lines continue in the next"
    if lines.labelled >= LABELLED:
        return f"{percent(lines.labelled)} of the lines begin with a speaker, a time or a tag"
    return ""


def _neighbours_belong_together(facts, cut):
    """Whether related neighbours are one text: paragraphs and verse are, titles and sayings are not."""
    median, nine_tenths = cut.lengths[2], cut.lengths[3]
    if median >= (SHORT if facts.blanks else SHORT_WITHOUT_BLANKS) or nine_tenths >= UNEVEN_LINES * median:
        return True
    words = facts.words_in_line if facts.blanks else median / 2
    few_ends = facts.relation.sentences <= SENTENCES_OF_VERSE or not facts.blanks
    return facts.cohesion[cut.separator] >= VERSE and words >= WORDS_OF_VERSE and few_ends
