"""All parts of the check of one file, in the order that keeps it cheap."""

import contextlib
import dataclasses

from tinylm_keras.archive import config, hdf5, members, sizes, text
from tinylm_keras.archive.refusal import Refused


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a checked file says.

    Attributes:
        tree: dict. Its config.json.
        unknown: list of str. The optimizers, losses and metrics of Keras that it names and that are not on the list.
        places: dict of `members.Member`. Where its three members are.
        arrays: dict of `hdf5.Stored`. Where its weights are in model.weights.h5, those of the optimizer too.
    """

    tree: dict
    unknown: list
    places: dict
    arrays: dict

    def training(self):
        """Return the state of training, as the value of its JSON; None where there is none."""
        state = self.tree["config"].get("training")
        if state is None:
            return None
        value = text.parse(state.encode(), "state of training")
        text.check_unicode(value, "state of training")
        return value


def check(file, path, checksums=True):
    """Refuse an open file that is anything but a model as `LanguageModel.save` writes it.

    Args:
        file: binary file, open for reading.
        path: str. Its name, for the messages.
        checksums: bool. Whether every byte of it is read.

    Returns:
        `Contents`.

    Raises:
        ValueError: in one line, naming the file and what is wrong with it.
    """
    with naming(path):
        try:
            return _check(members.read(file, checksums))
        except (Refused, OSError, MemoryError):
            raise
        except Exception as error:  # whatever was not thought of: to refuse is always right
            raise Refused(f"cannot be understood ({type(error).__name__}).") from error


@contextlib.contextmanager
def naming(path):
    """Turn a `Refused` into the `ValueError` that names the file."""
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
