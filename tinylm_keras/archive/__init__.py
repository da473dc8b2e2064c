"""Whether a `.keras` file may be shown to Keras. It takes the standard library, numpy and h5py, and imports no Keras.

Keras's own `safe_mode` refuses known tricks. This check turns it round: what a file of this package never holds is
refused, whatever it is, and by the same rules under every version of Keras. Each part has a file: `members` the zip
archive, `text` the JSON, `config` and `sizes` what the JSON says, `weights` the HDF5, `allowed` the list of names.
"""

import pathlib

from tinylm_keras.archive import config, members, sizes, text, weights
from tinylm_keras.archive.allowed import FORMAT_VERSION
from tinylm_keras.archive.config import check_tokenizer, check_version
from tinylm_keras.archive.members import check_place
from tinylm_keras.archive.refusal import Refused
from tinylm_keras.archive.text import parse

__all__ = [
    "FORMAT_VERSION",
    "Refused",
    "check",
    "check_place",
    "check_tokenizer",
    "check_version",
    "parse",
    "training",
]


def check(path):
    """Refuse a file that is anything but a model as `LanguageModel.save` writes it; nothing else is opened.

    Args:
        path: str or path of a `.keras` file.

    Returns:
        The optimizers, losses and metrics of Keras that it names and that are not on the list, as a list of str. Where
        it is empty the model may be loaded as it was compiled, else without being compiled.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line, naming the file and what is wrong with it.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
    >>> _ = path.write_text("no model")
    >>> check(path)
    Traceback (most recent call last):
    ...
    ValueError: ...model.keras is no .keras file, or a part of one: it is not a whole zip archive.
    """
    path = check_place(path)
    try:
        with open(path, "rb") as file:
            return _check(members.read(file))
    except Refused as refused:
        advice = " If it is yours, load it with tlm.load_model(path, trusted=True)." if refused.own else ""
        raise ValueError(f"{path} {refused}{advice}") from refused.__cause__


def training(path):
    """Return the state of training in a file that passes `check`, as the value of its JSON; None where it has none.

    Raises:
        FileNotFoundError, ValueError: as `check`.
    """
    check(path)
    path = pathlib.Path(path)
    try:
        with open(path, "rb") as file:
            description = members.read(file)["config.json"].read(text.LARGEST + 1)
        state = text.parse(description, "config.json")["config"].get("training")
        return None if state is None else text.parse(state.encode(), "state of training")
    except Refused as refused:
        raise ValueError(f"{path} {refused}") from refused.__cause__


def _check(archive):
    for member in archive.values():
        member.seek(0)
    metadata, description, stored = (archive[name] for name in members.NAMES)
    text.parse(metadata.read(text.LARGEST + 1), "metadata.json")
    tree = text.parse(description.read(text.LARGEST + 1), "config.json")
    name, unknown = config.check(tree)
    sizes.check_memory(name, tree["config"], weights.check(stored, stored.size))
    return unknown
