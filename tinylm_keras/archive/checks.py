"""The complete check of one file, with the cheap parts first."""

import contextlib
import dataclasses

from tinylm_keras.archive import config, hdf5, members, sizes, text
from tinylm_keras.archive.refusal import Refused


@dataclasses.dataclass(frozen=True)
class Contents:
    """The contents of a checked file.

    Attributes:
        tree: dict. The parsed config.json.
        unknown: list of str. Optimizers, losses and metrics of Keras in the file that are not on the list.
        places: dict of `members.Member`. The positions of the three members.
        arrays: dict of `hdf5.Stored`. The positions of the weights in model.weights.h5, including the optimizer's.
    """

    tree: dict
    unknown: list
    places: dict
    arrays: dict

    def training(self):
        """Return the training state, parsed from JSON; None if there is none."""
        state = self.tree["config"].get("training")
        if state is None:
            return None
        value = text.parse(state.encode(), "state of training")
        text.check_unicode(value, "state of training")
        return value


def check(file, path, checksums=True):
    """Refuse an open file that is not a model as `LanguageModel.save` writes it.

    Args:
        file: binary file, open for reading.
        path: str. Its name, for messages.
        checksums: bool. Whether to read every byte and compare checksums.

    Returns:
        `Contents`.

    Raises:
        ValueError: if the file is refused; the message is one line with the file and the reason.
    """
    with naming(path):
        try:
            return _check(members.read(file, checksums))
        except (Refused, OSError, MemoryError):
            raise
        except Exception as error:  # anything unexpected: refusing is always safe
            raise Refused(f"cannot be understood ({type(error).__name__}).") from error


@contextlib.contextmanager
def naming(path):
    """A context that turns a `Refused` into a `ValueError` with the name of the file."""
    try:
        yield
    except Refused as refused:
        advice = " If it is yours, load it in Python with tlm.load_model(path, trusted=True)." if refused.own else ""
        raise ValueError(f"{path} {refused}{advice}") from refused.__cause__


def _check(archive):
    for member in archive.values():
        member.seek(0)
    metadata, description, stored = (archive[name] for name in members.NAMES)
    text.parse(metadata.read(text.LARGEST + 1), "metadata.json")
    tree = text.parse(description.read(text.LARGEST + 1), "config.json")
    name, unknown = config.check(tree)
    arrays = hdf5.scan(stored, stored.size)
    numbers = sum(array.count for path, array in arrays.items() if not path.startswith("optimizer/"))
    sizes.check_memory(name, tree["config"], numbers, stored.size)
    return Contents(tree, unknown, archive, arrays)
