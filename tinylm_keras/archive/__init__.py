"""Checks a `.keras` file before Keras reads it, with the standard library and numpy alone.

The `safe_mode` of Keras refuses known attacks. This check does the reverse: it refuses everything that a file of this
package does not contain, by the same rules for every version of Keras. The modules: `members` for the zip archive,
`text` for JSON syntax, `config`, `values` and `sizes` for its content, `hdf5` for the weights, `allowed` for the list
of names; `checks` calls them, and `held` keeps the checked file for loading.
"""

from tinylm_keras._terminal import printable
from tinylm_keras.archive import checks, members, text
from tinylm_keras.archive.allowed import FORMAT_VERSION
from tinylm_keras.archive.config import check_tokenizer, check_version
from tinylm_keras.archive.held import hold
from tinylm_keras.archive.refusal import Refused, cut
from tinylm_keras.archive.text import parse
from tinylm_keras.archive.values import LARGEST_COUNT

__all__ = [
    "FORMAT_VERSION",
    "LARGEST_COUNT",
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
    """Refuse a file that is not a model as `LanguageModel.save` writes it. No other file is opened.

    Args:
        path: str or path of a `.keras` file.

    Returns:
        list of str. Optimizers, losses and metrics of Keras in the file that are not on the list. If there are any, the
        model must be loaded without being compiled.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is refused; the message is one line with the file and the reason.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
    >>> _ = path.write_text("no model")
    >>> check(path)
    Traceback (most recent call last):
    ...
    ValueError: ...model.keras is not a .keras file, or only a part of one: it is not a complete zip archive.
    """
    with members.open_file(path) as file:
        return checks.check(file, printable(path)).unknown


def class_name(path):
    """Return the name of the class of the model in a file that passes `check`.

    Raises:
        FileNotFoundError, ValueError: see `check`.
    """
    with members.open_file(path) as file:
        return checks.check(file, printable(path)).tree["class_name"]


def comment(path):
    """Return the comment of the zip archive of a `.keras` file, as bytes, without checking the rest.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is not a zip archive.
    """
    with members.open_file(path) as file, checks.naming(printable(path)):
        return members.comment(file)


def training(path):
    """Return the training state in a file that passes `check`, parsed from JSON; None if there is none.

    Raises:
        FileNotFoundError, ValueError: see `check`.
    """
    with members.open_file(path) as file, checks.naming(printable(path)):
        return checks.check(file, printable(path)).training()
