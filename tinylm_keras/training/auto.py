"""`preset="auto"`: a source is surveyed, and the recipe follows from what was found."""

import re

from tinylm_keras import _checks
from tinylm_keras.recipe import advice
from tinylm_keras.text.documents import opened

NAME, READING = advice.NAME, advice.READING


def applies(source, preset):
    """Whether the recipe follows from the text: the preset "auto", or none where the text is the user's own.

    Example:

    >>> applies("my.txt", None), applies("my.txt", "fast"), applies("stories:100", None), applies(None, None)
    (True, False, False, False)
    """
    return preset == advice.NAME or (source is not None and applies_to(getattr(source, "names", [source]), preset))


def applies_to(names, preset):
    """As `applies`, for several sources by their names."""
    if preset is not None:
        return preset == advice.NAME
    return not all(isinstance(name, str) and re.fullmatch("stories(:.*)?", name) for name in names)


def look(source, overrides):
    """Survey a source.

    Args:
        source: What `data.read` takes, or `Documents`, which are looked at once.
        overrides: dict. Settings that the user has chosen, among them how to read the source.

    Returns:
        The source as `Documents`, whose attribute `surveyed` is the `Survey`.

    Raises:
        ValueError: if there is no source, or it cannot be read.
    """
    if source is None:
        rule = "chooses the settings by the text, so there must be one"
        raise _checks.refuse("preset", rule, advice.NAME, "Give a source, or another preset.")
    documents = opened(source, **{name: overrides[name] for name in advice.READING if name in overrides})
    if documents.surveyed is None:
        from tinylm_keras.text import survey as surveys  # with numpy, which `tinylm --help` has no time for

        documents.surveyed = surveys.survey(documents)  # refuses a table whose column is not named
    return documents


def advise(documents, overrides, with_keras=True):
    """Choose the recipe for surveyed `Documents`, and let them be cut into texts as it says.

    Args:
        documents: `Documents` that `look` returned.
        overrides: dict. Settings that the user has chosen.
        with_keras: bool. Whether Keras may be asked for the device; without it, a CPU is assumed.

    Returns:
        An `Advice`.
    """
    chosen = advice.advise(documents.surveyed, _speed(with_keras), overrides)
    documents.cut_at(chosen.recipe.separator)
    return chosen


def advise_token_files(folder, overrides):
    """Choose the recipe for token files; returns an `Advice` and the opened `TokenFiles`."""
    from tinylm_keras.data.token_files import reader

    opened = folder if isinstance(folder, reader.TokenFiles) else reader.open_token_files(folder)
    size = opened.tokenizer.vocabulary_size()
    return advice.advise_ids(len(opened.train.ids), size, _speed(True), overrides), opened


def lines(found):
    """Return what a survey found as the first lines of a run: the size of the text, and what looks wrong."""
    size = f"Found: {found.characters:,} characters in {found.lines:,} lines, {found.distinct_characters:,} different."
    remarks = [remark for remark in found.remarks if "whitespace tokens" not in remark]  # which are chosen where right
    return [size, *(f"Worth a look: {remark}" for remark in remarks)]


def _speed(with_keras):
    if with_keras:
        from tinylm_keras.training import environment

        if environment.device()[0] == "gpu":
            return environment.speed()
    from tinylm_keras.recipe import machine

    return machine.operations_per_second()
