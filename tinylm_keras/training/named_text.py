"""Reads text or token files that only a run's record names. A stranger may have written it, so strict rules apply.

Only regular files are read (or the regular files of a folder or a pattern, or the built-in stories), never over the
network. The content is used only if it has the fingerprint of the run. Nothing of another file is shown, and no more is
read of it than the length of the run's text.
"""

import glob
import os
import pathlib
import re
import stat

from tinylm_keras.data import open_token_files
from tinylm_keras.data.token_files import index
from tinylm_keras.text import files
from tinylm_keras.text.chunks import joined
from tinylm_keras.text.documents import DEFAULT_STORIES, Documents
from tinylm_keras.training import corpus

# Limits: folder entries in a search, bytes of a file for each character of the run's text (more could only be white
# space; tables are exempt), and stories.
MOST_ENTRIES, BYTES_PER_CHARACTER, SPARE_BYTES, MOST_STORIES = 100_000, 16, 1 << 20, 300_000

# Codecs that are not used for text files, or are slow.
ODD_ENCODINGS = re.compile(r"(?i)idna|punycode|(raw_?)?unicode_?escape|undefined|mbcs|oem")


class NotRead(ValueError):
    """The reason why a named source is not read: a clause that follows the name."""


def texts(record, say=lambda line: None):
    """Return the texts of a run, read again from the sources in its record.

    Args:
        record: `RunRecord` with a recipe.
        say: Function that gets a line about each file that was read, if the text has the fingerprint.

    Returns:
        list of str with the fingerprint of the run.

    Raises:
        NotRead: if the text must not or cannot be read, or is another; the message names it.
    """
    characters = record.corpus.get("characters")
    if record.sha256 is None or characters is None:
        raise NotRead(f"the run's record does not say what text {record.name} was")
    if not record.sources:
        reason = "it was given in Python or through a pipe"
        raise NotRead(f"the text of the run cannot be read again ({record.name}): {reason}")
    try:
        sources = [_source(name, record, characters) for name in record.sources]
        found = list(joined(_bounded((chunk for source, _ in sources for chunk in _open(source, record)), characters)))
    except NotRead as error:
        raise NotRead(f"{record.name} {error}") from None
    except (ValueError, TypeError, OSError, ImportError, RuntimeError):  # their messages may quote the file
        raise NotRead(f"the text of the run cannot be read again ({record.name})") from None
    if corpus.fingerprint(found) != record.sha256:
        raise NotRead(f"{record.name} is no longer the text of the run")
    for source, is_file in sources:
        if is_file:
            say(f"Reading {source}, named by the run's record.")
    return found


def token_files(record, say=lambda line: None):
    """Return the token files of a run, opened from the folder in its record; as `texts`."""
    folder = pathlib.Path(record.token_files)
    try:
        _refuse_network(record.token_files)
        found = index.fingerprint_of_index(index.read_index(folder))
        if found == record.sha256:
            opened = open_token_files(folder)
            found = opened.sha256
    except NotRead as error:
        raise NotRead(f"{record.token_files} {error}") from None
    except (ValueError, TypeError, OSError):
        raise NotRead(f"the token files of the run cannot be read again ({record.token_files})") from None
    if found != record.sha256:
        raise NotRead(f"{record.token_files} no longer holds the token files of the run")
    say(f"Reading {folder}, named by the run's record.")
    return opened


def _open(source, record):
    return Documents(source, **record.recipe.reading)


def _bounded(chunks, most):
    """Iterate over the chunks, or raise if they are longer than the text of the run."""
    for chunk in chunks:
        most -= len(chunk.text)
        if most < 0:
            raise NotRead("is no longer the text of the run: it is longer")
        yield chunk


def _source(name, record, characters):
    """Return a source that may be read, and whether it consists of files; otherwise raise."""
    if re.fullmatch(r"stories(:[0-9_]*)?", name):
        count = int(name.partition(":")[2].replace("_", "") or DEFAULT_STORIES)
        if count > min(MOST_STORIES, record.corpus.get("texts", 0)):
            raise NotRead("is more stories than the run had")
        return name, False
    if name.startswith("tfds:"):
        raise NotRead("may need the network, so you must name it yourself")
    _refuse_network(name)
    if ODD_ENCODINGS.fullmatch(record.recipe.encoding.replace("-", "_")):
        raise NotRead(f"cannot be read as {record.recipe.encoding}")
    _check_files(name, record, characters)
    return name, True


def _refuse_network(name):
    """Refuse a network path of Windows, which would also send credentials."""
    if re.match(r"[/\\]{2}", name):
        raise NotRead("may need the network, so you must name it yourself")


def _check_files(name, record, characters):
    column = record.recipe.column
    path = pathlib.Path(name).expanduser()
    if not os.path.lexists(path):
        pattern = path
        path, parts = _base(pattern)
        depth = None if "**" in parts else len(parts)
        if not parts or not path.is_dir():
            raise FileNotFoundError(name)
        _check_few_entries(path, depth)
    elif path.is_dir():
        _check_few_entries(path, None)
    size = 0
    for found in files.find(name, column):
        about = os.stat(found.path)
        if not stat.S_ISREG(about.st_mode) or found.once:
            raise NotRead("is not a regular file")
        if not about.st_size:  # such as files of /proc, which may never end
            raise NotRead(f"is no longer the text of the run: {found.path.name} is empty")
        size += about.st_size
        if column is None and about.st_size > BYTES_PER_CHARACTER * characters + SPARE_BYTES:
            raise NotRead("is no longer the text of the run: it is longer")
    if len(record.sources) == 1 and size < characters:  # no character takes less than a byte
        raise NotRead("is no longer the text of the run: it is shorter")


def _base(pattern):
    """Return the folder at the beginning of a pattern, and the parts of the path below it."""
    parts = pattern.parts
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return pathlib.Path(*parts[:first]), parts[first:]


def _check_few_entries(folder, depth):
    """Refuse a folder whose search would take too long; `depth` levels are searched, None for all."""
    count, levels = 0, [(folder, 1)]
    while levels:
        here, level = levels.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    count += 1
                    if count > MOST_ENTRIES:
                        raise NotRead(f"needs a search of over {MOST_ENTRIES:,} files, so you must name it yourself")
                    if (depth is None or level < depth) and entry.is_dir(follow_symlinks=False):
                        levels.append((entry.path, level + 1))
        except OSError:  # unreadable, or removed
            continue
