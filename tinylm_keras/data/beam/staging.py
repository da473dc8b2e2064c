"""The folder in which workers leave their results: a local or mounted one, or an address such as gs://…"""

import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import tempfile

from tinylm_keras import _checks
from tinylm_keras.text import files, remote_files

IN_MEMORY = 1 << 24  # bytes of a file for an address that are kept in memory before it is written


def key_of(*content):
    """Return the key of settings: results with another key were made with other settings, and are not used.

    Example:

    >>> key_of({"seed": 1}) == key_of({"seed": 1}), key_of({"seed": 1}) == key_of({"seed": 2})
    (True, False)
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()[:16]


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
        self.is_remote = remote_files.is_address(place)
        self.place = str(place).rstrip("/") if self.is_remote else os.path.abspath(place)

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
        path = self._path(name)
        if self.is_remote:  # an object store shows an object when it is closed, also after an error
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
                yield file
                file.seek(0)
                with self._systems().create(path) as target:
                    shutil.copyfileobj(file, target)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = f"{path}.{secrets.token_hex(4)}"
        try:
            with open(temporary, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

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
        return self._systems().exists(path) if self.is_remote else os.path.exists(path)

    def finished(self, stage):
        """Return the numbers of the units whose result of a stage is there."""
        if self.is_remote:
            found = self._systems().match([f"{self._path(stage)}/*.json"])[0].metadata_list
            names = [one.path.rpartition("/")[2] for one in found]
        else:
            folder = pathlib.Path(self._path(stage))
            names = [path.name for path in folder.glob("*.json")] if folder.is_dir() else []
        return {int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdigit()}

    def remove(self):
        """Remove the whole folder, as far as that is possible: no result in it will be used."""
        if not self.is_remote:
            shutil.rmtree(self.place, ignore_errors=True)
            return
        systems = self._systems()
        with contextlib.suppress(Exception):  # what stays in a place for temporary files is not an error
            systems.delete([one.path for one in systems.match([f"{self.place}/**"])[0].metadata_list])

    def _path(self, name):
        return f"{self.place}/{name}"

    def _systems(self):
        return remote_files.file_systems(self.place)


@contextlib.contextmanager
def claimed(out, temporary, key):
    """A context with the local folder beside token files and the `Staging` of a piece of work, which may be begun.

    At the end both are removed; if the work is interrupted or fails, they stay for another start of the same work.

    Args:
        out: `pathlib.Path` of the token files.
        temporary: str or None. Folder or address for the results; None: the local folder.
        key: str. Key of the work.

    Raises:
        ValueError: if there is something else in the place of the local folder.
    """
    local = out.absolute().with_name(f"{out.name}.parts")
    mark = local / files.PARTS_MARK
    if local.exists() and not mark.exists() and not (local.is_dir() and not any(local.iterdir())):
        rule = "must leave room for a folder of intermediate files beside it, but there is something else"
        raise _checks.refuse("out", rule, str(local), "Choose another name.")
    staging = Staging(f"{temporary.rstrip('/') if temporary else local}/tinylm-{key}")
    local.mkdir(parents=True, exist_ok=True)
    before = json.loads(mark.read_text(encoding="utf-8")).get("place") if mark.exists() else None
    if before not in (None, staging.place):  # other work, which nobody continues
        Staging(before).remove()
    mark.write_text(json.dumps({"intermediate files of": "tinylm prepare", "place": staging.place}), encoding="utf-8")
    try:
        yield local, staging
    except (ValueError, TypeError) as error:
        if hasattr(error, "parts"):  # the input is refused
            _remove(local, staging)
        raise
    _remove(local, staging)


def _remove(local, staging):
    staging.remove()
    shutil.rmtree(local, ignore_errors=True)
