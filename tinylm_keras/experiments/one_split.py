"""One split of a text for all runs of an experiment, whatever their seeds are."""

from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import unseen


def make_corpus(texts, recipe, locations=(), seeds=1, kept=None, separator=None):
    """Make the corpus of several runs.

    A run's record names the seed, and from that seed follows which whole texts are held out. So with several seeds, the
    record also names these texts: otherwise a later evaluation of the second run would split the text anew, and judge
    it by text that it was trained on.

    Args:
        texts: list of str.
        recipe: `Recipe` of the first seed, which decides the split.
        locations: list of str. As for `corpus.make`.
        seeds: int. Number of seeds.
        kept: list of stretches or None. The stretches to hold out, if they are known.
        separator: str or None. The string between the texts.

    Returns:
        A `Corpus`.
    """
    if kept is None and seeds > 1 and recipe.validation:
        kept = unseen.whole_texts(texts, corpora.divide(texts, recipe)[1])
    return corpora.make(texts, recipe, None, locations, kept, separator)
