"""The folder in which workers leave their results: a local or mounted one, or an address such as gs://…"""

import contextlib
import json
import pathlib
import shutil

from tinylm_keras import _checks, _files
from tinylm_keras.text import remote_files

UNITS = "units.json"


def name_of(unit, suffix=".json"):
    """Return the name of the result for a unit.

    Example:

    >>> name_of(12), name_of(12, ".train.bin")
    ('000012.json', '000012.train.bin')
    """
    return f"{unit:06d}{suffix}"


class Staging:
    """A folder of results. A file in it is whole: it gets its name when all of it is written.

    Args:
        place: str or path. A folder, or an address.
    """

    def __init__(self, place):
        self.place = str(place).rstrip("/")
        self.is_remote = remote_files.is_address(self.place)

    def read_json(self, name):
        """Return the content of a JSON file, or None if there is no such file."""
        try:
            with self.open(name) as file:
                return json.loads(file.read())
        except FileNotFoundError:
            return None

    def write_json(self, name, content):
        """Write a JSON file; lone surrogates of a text are kept."""
        with self.create(name) as file:
            file.write(json.dumps(content).encode("ascii"))

    @contextlib.contextmanager
    def create(self, name):
        """A context with a file opened for writing bytes, which has its name at the end if there was no error."""
        if self.is_remote:  # an object store shows an object when it is closed
            with self._systems().create(self._path(name)) as file:
                yield file
            return
        path = pathlib.Path(self._path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with _files.atomic_path(path) as temporary, open(temporary, "wb") as file:
            yield file

    def open(self, name):
        """Return a file opened for reading bytes, or raise FileNotFoundError."""
        if not self.is_remote:
            return open(self._path(name), "rb")
        if not self.has(name):
            raise FileNotFoundError(self._path(name))
        return self._systems().open(self._path(name), compression_type="uncompressed")

    def has(self, name):
        """Return whether there is a file of this name."""
        path = self._path(name)
        return self._systems().exists(path) if self.is_remote else pathlib.Path(path).exists()

    def finished(self, stage):
        """Return the numbers of the units whose result of a stage is there."""
        if self.is_remote:
            found = self._systems().match([f"{self._path(stage)}/*.json"])[0].metadata_list
            names = [one.path.rpartition("/")[2] for one in found]
        else:
            folder = pathlib.Path(self._path(stage))
            names = [path.name for path in folder.glob("*.json")] if folder.is_dir() else []
        return {int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdigit()}

    def remove(self, name=""):
        """Remove a file or a folder in it, or the whole folder."""
        path = self._path(name) if name else self.place
        if self.is_remote:
            systems = self._systems()
            with contextlib.suppress(Exception):  # what is left in a place for temporary files is not an error
                found = [one.path for match in systems.match([path, f"{path}/**"]) for one in match.metadata_list]
                systems.delete(found)
        elif pathlib.Path(path).is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            pathlib.Path(path).unlink(missing_ok=True)

    def settle(self, name, content):
        """Write the settings of a stage; return whether they are those of an earlier start, whose results count."""
        if self.read_json(name) == json.loads(json.dumps(content)):
            return True
        self.remove(name.removesuffix(".json"))
        self.write_json(name, content)
        return False

    def _path(self, name):
        return f"{self.place}/{name}"

    def _systems(self):
        return remote_files.file_systems(self.place)


def local(out):
    """Return the path of the local staging folder of token files, beside them, or raise if a stranger's is there.

    Args:
        out: `pathlib.Path` of the token files.
    """
    path = out.with_name(f"{out.name}.parts")
    if path.exists() and not (path.is_dir() and ((path / UNITS).exists() or not any(path.iterdir()))):
        rule = "must leave room for a folder of intermediate files beside it, but there is something else"
        raise _checks.refuse("out", rule, str(path), "Choose another name.")
    return path
