"""Whether a `.keras` file may be shown to Keras. It takes the standard library and numpy, and imports no Keras.

Keras's own `safe_mode` refuses known tricks. This check turns it round: what a file of this package never holds is
refused, whatever it is, and by the same rules under every version of Keras. Each part has a file: `members` the zip
archive, `text` the JSON, `config`, `values` and `sizes` what the JSON says, `hdf5` the weights, `allowed` the list of
names; `checks` puts them together, and `held` keeps what was checked for the one who loads it.
"""

from tinylm_keras._terminal import printable
from tinylm_keras.archive import checks, members, text
from tinylm_keras.archive.allowed import FORMAT_VERSION
from tinylm_keras.archive.config import check_tokenizer, check_version
from tinylm_keras.archive.held import hold
from tinylm_keras.archive.refusal import Refused, cut
from tinylm_keras.archive.text import parse

__all__ = [
    "FORMAT_VERSION",
    "Refused",
    "check",
    "check_tokenizer",
    "check_version",
    "class_name",
    "comment",
    "cut",
    "hold",
    "parse",
    "text",
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
    with members.open_file(path) as file:
        return checks.check(file, printable(path)).unknown


def class_name(path):
    """Return the name of the class of the model in a file that passes `check`.

    Raises:
        FileNotFoundError, ValueError: as `check`.
    """
    with members.open_file(path) as file:
        return checks.check(file, printable(path)).tree["class_name"]


def comment(path):
    """Return the comment of a `.keras` file's zip archive, as bytes, without looking at anything else in it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no zip archive.
    """
    with members.open_file(path) as file, checks.naming(printable(path)):
        return members.comment(file)


def training(path):
    """Return the state of training in a file that passes `check`, as the value of its JSON; None where it has none.

    Raises:
        FileNotFoundError, ValueError: as `check`.
    """
    with members.open_file(path) as file, checks.naming(printable(path)):
        return checks.check(file, printable(path)).training()
