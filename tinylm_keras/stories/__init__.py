"""The built-in corpus: a grammar of short stories for small children, and a judge that reads them.

`write` draws stories that are sound by construction: who is who, he or she, whose thing it is, its colour, the place,
the feelings and the ending stay straight from the first sentence to the last. `check` knows nothing of how a text came
about; it parses the words and names each fault. Between the two stands a measure of a small language model that needs
no reader and no network: train it on `write(30_000)`, let it tell stories, and ask for a `report`.

The grammar is data: `words` holds the words in classes, `forms` the sentences, `plots` the order in
which they make a story. The writer (`grammar`) fills the forms in, the judge (`patterns`, `order`, `judge`) reads them
back, so the two cannot drift apart. Only the standard library is used.

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
