"""Files at addresses such as gs://… and s3://…, which Apache Beam reads."""

import contextlib
import logging
import re

from tinylm_keras import _checks

BLOCK = 1 << 20  # bytes read at a time

PACKAGES = {
    "gs": "apache-beam[gcp]",
    "s3": "apache-beam[aws]",
    "azfs": "apache-beam[azure]",
    "hdfs": "apache-beam[hadoop]",
}

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://")


def is_address(name):
    """Return whether a name is an address of a file system other than the local one.

    Example:

    >>> is_address("gs://bucket/books/*.txt"), is_address("books/a.txt"), is_address("tfds:ag_news_subset")
    (True, False, False)
    """
    return _ADDRESS.match(str(name)) is not None


@contextlib.contextmanager
def without_warnings_of_beam():
    """A context without log messages, such as those of Beam about packages that are needed only in the cloud."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def file_systems(address):
    """Return the class `apache_beam.io.filesystems.FileSystems`, or raise if it cannot read an address."""
    try:
        with without_warnings_of_beam():
            from apache_beam.io.filesystems import FileSystems
    except ImportError:
        advice = "Run: pip install 'tinylm-keras[beam]'"
        raise _checks.refuse("source", "is read with Apache Beam, which is not installed", address, advice) from None
    try:
        FileSystems.get_filesystem(address)
    except ValueError:
        scheme = address.partition(":")[0]
        advice = f"Run: pip install '{PACKAGES[scheme]}'" if scheme in PACKAGES else "Copy or mount it."
        raise _checks.refuse(
            "source", f"must be of a file system that Beam knows, not {scheme}", address, advice
        ) from None
    return FileSystems


class RemoteFile:
    """A file at an address; as `files.File`.

    Args:
        address: str.
        size: int. Its bytes.
        version: list. Its size and its time of change.
    """

    once, start = False, 0

    def __init__(self, address, size, version):
        self.path, self.size, self.version = address, size, version

    def __str__(self):
        return self.path

    def blocks(self):
        """Iterate over the bytes in blocks, with an empty one at the end."""
        return self.range(0)

    def range(self, start, end=None):
        """Iterate over the bytes of a range in blocks, with an empty one at the end."""
        systems = file_systems(self.path)
        from apache_beam.io.filesystem import BeamIOError, CompressionTypes

        left, block = (self.size if end is None else end) - start, None
        try:
            with systems.open(self.path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
                file.seek(start)
                while block != b"":
                    block = file.read(min(BLOCK, left))
                    left -= len(block)
                    yield block
        except (BeamIOError, OSError) as error:
            raise _unreadable(self.path, error) from None


def find(address, endings):
    """Return the sorted files at an address: a file, those below a folder that ends in a slash, or those of a pattern.

    Args:
        address: str.
        endings: tuple of str. The endings of the files of a folder.

    Returns:
        A list of `RemoteFile`.

    Raises:
        ValueError: if there is no such file, or Apache Beam cannot read it.
    """
    systems = file_systems(address)
    from apache_beam.io.filesystem import BeamIOError

    is_folder = address.endswith("/")
    try:
        if not is_folder and systems.exists(address):  # also if its name has signs of a pattern
            return [_file(_metadata(systems, address))]
        found = systems.match([address + "**" if is_folder else address])[0].metadata_list
    except (BeamIOError, ImportError) as error:
        raise _unreadable(address, error) from None
    chosen = [one for one in found if not is_folder or one.path.lower().endswith(endings)]
    if not chosen:
        rule = f"must be a folder with files that end in {' or '.join(endings)}" if is_folder else "must exist"
        raise _checks.refuse("source", rule, address, "A folder must end in a slash.")
    chosen.sort(key=lambda one: one.path)
    return [_file(one) for one in chosen]


def reopened(address, version):
    """Return the file at an address, which must have this version."""
    systems = file_systems(address)
    from apache_beam.io.filesystem import BeamIOError

    try:
        file = _file(_metadata(systems, address))
    except (BeamIOError, OSError) as error:
        raise _unreadable(address, error) from None
    if file.version != version:
        rule = "must not change while it is read"
        raise _checks.refuse("source", rule, address, "Copy it, and read the copy.")
    return file


def _metadata(systems, address):
    return systems.get_filesystem(address).metadata(address)


def _file(metadata):
    return RemoteFile(metadata.path, metadata.size_in_bytes, [metadata.size_in_bytes, metadata.last_updated_in_seconds])


def _unreadable(address, error):
    cause = next(iter((getattr(error, "exception_details", None) or {}).values()), error)
    scheme = address.partition(":")[0]
    if isinstance(cause, ImportError) and scheme in PACKAGES:
        return _checks.refuse("source", f"needs a package ({cause})", address, f"Run: pip install '{PACKAGES[scheme]}'")
    return _checks.refuse("source", f"must be a file that can be read ({str(cause).splitlines()[0]})", address)
