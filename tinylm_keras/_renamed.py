"""Old public names: an error gives the new name."""

FUNCTIONS = {
    "tinylm_keras.data": {"open_shards": "open_token_files"},
    "tinylm_keras.plots": {"draw_ladder": "draw_comparison"},
}
# Methods of users' classes. The first name is one that every class for an earlier version defines.
OF_TOKENIZERS = {"pieces": "token_strings"}
OF_MODELS = {
    "hidden": "hidden_states",
    "last_hidden": "last_hidden_states",
    "step": "decode_step",
    "reach": "receptive_field",
    "rolling_cache": "sliding_window_cache",
}
# Attributes of `stories.Report`.
OF_REPORTS = {"sound": "consistent", "sound_and_new": "consistent_and_new"}
# Entries about the text in recipe.json, which are still read.
OF_RECORDS = {"shards": "token_files"}


def attribute(module, name):
    """Return the AttributeError for a name that a module does not have, or no longer has.

    Args:
        module: str. Its full name, one of those in `FUNCTIONS`.
        name: str.

    Example:

    >>> attribute("tinylm_keras.data", "open_shards")
    AttributeError('`tinylm_keras.data.open_shards` is now `tinylm_keras.data.open_token_files`.')
    """
    names = FUNCTIONS[module]
    if name in names:
        return AttributeError(f"`{module}.{name}` is now `{module}.{names[name]}`.")
    return AttributeError(f"module {module!r} has no attribute {name!r}")


def of_report(name):
    """Return the AttributeError for an attribute that a `stories.Report` does not have, or no longer has."""
    if name in OF_REPORTS:
        return AttributeError(f"`Report.{name}` is now `Report.{OF_REPORTS[name]}`.")
    return AttributeError(f"'Report' object has no attribute {name!r}")


def refuse_methods(kind, names):
    """Raise a TypeError if a class was written for an earlier version and defines methods by their old names.

    Args:
        kind: A class, just defined.
        names: dict. `OF_TOKENIZERS` or `OF_MODELS`.

    Example:

    >>> class Pairs:
    ...     def pieces(self, text):
    ...         return []
    >>> refuse_methods(Pairs, OF_TOKENIZERS)
    Traceback (most recent call last):
    TypeError: Rename what `Pairs` defines: `pieces` is now `token_strings`.
    """
    if next(iter(names)) in vars(kind):
        found = [f"`{old}` is now `{new}`" for old, new in names.items() if old in vars(kind) and new not in vars(kind)]
        if found:
            raise TypeError(f"Rename what `{kind.__name__}` defines: {', '.join(found)}.")
