"""The result of a survey, which can be written as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinylm_keras.text.survey.cuts import Cut
    from tinylm_keras.text.survey.words import Growth


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    r"""Properties of a text, and how to split it.

    Shares are fractions from 0 to 1. If `looked_at` is less than `characters`, only the numbers of characters, lines
    and files are exact; everything else is from the examined stretches, and numbers of texts are estimates.

    Attributes:
        names: tuple of str. The sources.
        given: bool. Whether the source already consists of texts: a list, a column of a table, a data set, stories.
        characters: int. Number of characters; a line end counts as one.
        looked_at: int. Number of examined characters.
        distinct_characters: int. Number of different characters.
        white_space: float. Share of the characters that are white space.
        script: str. The script of most letters: "Latin", "Chinese", "Japanese", "Thai", …; "" without letters.
        blanks: bool. Whether there are spaces between words; Chinese, Japanese and Thai, for example, have none.
        lines: int. Number of lines that are not blank.
        blank_lines: int. Number of places with blank lines between others.
        equal_lines: float. Share of the lines that are equal to an earlier one.
        indented: float. Share of the lines that begin with a space or a tab.
        continued: float. Share of the lines that seem to continue in the next.
        labelled: float. Share of the lines that begin with a speaker, a time or a tag.
        cuts: tuple of `Cut`. The texts for each way to split: whole files, "\n\n" (blank lines), "\n" (lines), and a
            mark if there is one. If the source consists of texts, only these.
        words: `Growth` of words between white space, as in `WhitespaceTokenizer`.
        tokens: `Growth` of words and punctuation marks, nearly as in `WordPunctTokenizer`.
        closed_vocabulary: bool. Whether the text has few words, all frequent, so that new text has hardly any others.
        repeated: float. Share of the text that is a repetition, in stretches of 50 characters.
        mark: str or None. A mark between texts, such as `"<|endoftext|>"` or "%".
        columns: tuple of str. The names of all columns of a table.
        column: str or None. The surveyed column.
        column_is_missing: bool. Whether the column was not given and `read` needs it.
        separator: str or None. The recommended or requested separator for `read`; "auto" if the source consists of
            texts.
        reason: str. The reason for the separator, in one line.
        remarks: tuple of str. Possible problems, one line each.
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
        """The `Cut` for the recommended separator."""
        return next(cut for cut in self.cuts if cut.separator == self.separator)

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)
