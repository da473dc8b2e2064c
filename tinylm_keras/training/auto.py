"""`preset="auto"`: surveys a source and chooses the recipe for it."""

import re

from tinylm_keras import _checks
from tinylm_keras.recipe import advice
from tinylm_keras.text.documents import opened

NAME, READING = advice.NAME, advice.READING


def applies(source, preset):
    """Whether the recipe is chosen for the text: with preset "auto", or without a preset for the user's own text.

    Example:

    >>> applies("my.txt", None), applies("my.txt", "fast"), applies("stories:100", None), applies(None, None)
    (True, False, False, False)
    """
    return preset == advice.NAME or (source is not None and applies_to(getattr(source, "names", [source]), preset))


def applies_to(names, preset):
    """As `applies`, for the names of several sources."""
    if preset is not None:
        return preset == advice.NAME
    return not all(isinstance(name, str) and re.fullmatch("stories(:.*)?", name) for name in names)


def look(source, overrides):
    """Survey a source.

    Args:
        source: What `data.read` takes, or `Documents`, which are surveyed only once.
        overrides: dict. Settings that the user has chosen, including those for reading the source.

    Returns:
        The source as `Documents`, whose attribute `surveyed` is the `Survey`.

    Raises:
        ValueError: if there is no source, or it cannot be read.
    """
    if source is None:
        rule = "chooses settings for a text, so it needs one"
        raise _checks.refuse("preset", rule, advice.NAME, "Pass a source, or another preset.")
    documents = opened(source, **{name: overrides[name] for name in advice.READING if name in overrides})
    if documents.surveyed is None:
        from tinylm_keras.text import survey as surveys  # imports numpy, too slow for `tinylm --help`

        documents.surveyed = surveys.survey(documents)  # refuses a table without a chosen column
    return documents


def advise(documents, overrides, with_keras=True):
    """Choose the recipe for surveyed `Documents`, and set the separator of their texts.

    Args:
        documents: `Documents` that `look` returned.
        overrides: dict. Settings that the user has chosen.
        with_keras: bool. Whether Keras may be imported to find the device; if not, a CPU is assumed.

    Returns:
        An `Advice`.
    """
    chosen = advice.advise(documents.surveyed, _speed(with_keras), overrides)
    documents.cut_at(chosen.recipe.separator)
    return chosen


def advise_token_files(folder, overrides):
    """Return the `Advice` for token files, and the opened `TokenFiles`."""
    from tinylm_keras.data.token_files import reader

    opened = folder if isinstance(folder, reader.TokenFiles) else reader.open_token_files(folder)
    size = opened.tokenizer.vocabulary_size()
    return advice.advise_ids(len(opened.train.ids), size, _speed(True), overrides), opened


def lines(found):
    """Return the first lines of a run: the size of the text, and remarks about it."""
    size = f"Found: {found.characters:,} characters in {found.lines:,} lines, {found.distinct_characters:,} different."
    remarks = [remark for remark in found.remarks if "whitespace tokens" not in remark]  # `auto` knows better
    return [size, *(f"Note: {remark}" for remark in remarks)]


def _speed(with_keras):
    if with_keras:
        from tinylm_keras.training import environment

        if environment.device()[0] == "gpu":
            return environment.speed()
    from tinylm_keras.recipe import machine

    return machine.operations_per_second()
