"""What a survey found: one frozen record, which is also JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinylm_keras.text.survey.cuts import Cut
    from tinylm_keras.text.survey.words import Growth


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    r"""What a text is like, and how it should be read.

    Shares are fractions from 0 to 1. Where `looked_at` is less than `characters`, characters, lines and files are exact
    and all else is what was found in the stretches that were looked at; numbers of texts are then estimates.

    Attributes:
        names: tuple of str. The sources.
        given: bool. Whether the source consists of texts already: a list, a column of a table, a data set, stories.
        characters: int. All characters, with line ends as one character each.
        looked_at: int. How many of them were looked at closely.
        distinct_characters: int.
        white_space: float. Share of the characters that are white space.
        script: str. Of most letters: "Latin", "Chinese", "Japanese", "Thai", …; "" for a text without letters.
        blanks: bool. Whether blanks stand between words; Chinese, Japanese and Thai, for example, have none.
        lines: int. Lines that are not blank.
        blank_lines: int. Blank lines that stand between others.
        equal_lines: float. Share of the lines that are equal to an earlier one.
        indented: float. Share of the lines that begin with a blank or a tab.
        continued: float. Share of the lines that seem to continue in the next.
        labelled: float. Share of the lines that begin with a speaker, a time or a tag.
        cuts: tuple of `Cut`. The texts that each way to cut gives: the whole files, "\n\n" (blank lines), "\n" (lines),
            and a mark where there is one. Where the source consists of texts, these alone.
        words: `Growth` of the words between white space, as `WhitespaceTokenizer` takes them.
        tokens: `Growth` of words and punctuation marks, nearly as `WordPunctTokenizer` takes them.
        closed_vocabulary: bool. Whether the text has few words, each of them often, so that new text has no others.
        repeated: float. Share of the text that was said before, in stretches of 50 characters.
        mark: str or None. A mark that stands between texts, such as `"<|endoftext|>"` or "%".
        columns: tuple of str. Of a table; the names of all columns.
        column: str or None. The column that was surveyed.
        column_is_missing: bool. Whether the column is only the one that looks like text: reading needs it named.
        separator: str or None. How `read` should cut the source; "auto" where it consists of texts already, and what
            was requested for where something was.
        reason: str. Why, in one line.
        remarks: tuple of str. What looks wrong or needs care, one line each.
    """

    names: tuple[str, ...]
    given: bool
    characters: int
    looked_at: int
    distinct_characters: int
    white_space: float
    script: str
    blanks: bool
    lines: int
    blank_lines: int
    equal_lines: float
    indented: float
    continued: float
    labelled: float
    words: Growth
    tokens: Growth
    closed_vocabulary: bool
    repeated: float
    mark: str | None = None
    cuts: tuple[Cut, ...] = ()
    columns: tuple[str, ...] = ()
    column: str | None = None
    column_is_missing: bool = False
    separator: str | None
    reason: str
    remarks: tuple[str, ...] = ()

    @property
    def texts(self) -> Cut:
        """The `Cut` that the recommended separator gives."""
        return next(cut for cut in self.cuts if cut.separator == self.separator)

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)
