"""The built-in corpus: a grammar of short stories for small children, and a judge that reads them.

`write` draws stories that are consistent by construction: persons, pronouns, owners, colours, places, feelings and the
ending agree from the first sentence to the last. `check` sees only the text; it parses the words and names each fault.
Together they measure a small language model without a human reader: train it on `write(30_000)`, let it generate
stories, and call `report`.

The grammar is data: `words` holds classes of words, `forms` the sentences, `plots` the order of the sentences in a
story. The writer (`grammar`) fills in the forms, and the judge (`patterns`, `order`, `judge`) parses them with the same
tables. Only the standard library is used.

Example:
    >>> from tinylm_keras.data import stories
    >>> [story] = stories.write(1, seed=3)
    >>> stories.check(story)
    []
    >>> size = stories.size()
    >>> size.words >= 500, size.forms >= 80, size.stories >= 10**8
    (True, True, True)
"""

from tinylm_keras.stories.grammar import write as write
from tinylm_keras.stories.judge import check as check
from tinylm_keras.stories.report import Report as Report
from tinylm_keras.stories.report import report as report
from tinylm_keras.stories.size import Size as Size
from tinylm_keras.stories.size import size as size

__all__ = ["Report", "Size", "check", "report", "size", "write"]
