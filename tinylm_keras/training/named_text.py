"""The text or the token files that only a run's record names, and no user: read under conditions, for anyone can
write a record.

What is read is a regular file (or the regular files of a folder or a pattern, or the built-in stories), never something
of the network, and what comes of it is used only when it has the fingerprint of the run. Of another file nothing is
shown, and no more of it is read than the run's text was long.
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

# Entries of folders that a search may meet, bytes of a file for each character of the run's text (the rest would be
# white space; a table has other columns), and stories that are written.
MOST_ENTRIES, BYTES_PER_CHARACTER, SPARE_BYTES, MOST_STORIES = 100_000, 16, 1 << 20, 300_000

# Codecs for text that are none of files: slow, or code for something else.
ODD_ENCODINGS = re.compile(r"(?i)idna|punycode|(raw_?)?unicode_?escape|undefined|mbcs|oem")


class NotRead(ValueError):
    """Why what a record names is not read: a clause that follows the name."""


def texts(record, say=lambda line: None):
    """Return the texts of a run, read again from where its record says that they are.

    Args:
        record: `RunRecord` with a recipe.
        say: Function that is told, in a line each, which files were read, once they are known to be those of the run.

    Returns:
        list of str, which have the fingerprint of the run.

    Raises:
        NotRead: if the text is not to be read, cannot be, or is another; the message names it.
    """
    characters = record.corpus.get("characters")
    if record.sha256 is None or characters is None:
        raise NotRead(f"the run's record does not say what text {record.name} was")
    if not record.sources:
        reason = "it was given in Python or by a pipe"
        raise NotRead(f"the text it learned cannot be read again ({record.name}): {reason}")
    try:
        sources = [_source(name, record, characters) for name in record.sources]
        found = list(joined(_bounded((chunk for source, _ in sources for chunk in _open(source, record)), characters)))
    except NotRead as error:
        raise NotRead(f"{record.name} {error}") from None
    except (ValueError, TypeError, OSError, ImportError, RuntimeError):  # their words may quote the file
        raise NotRead(f"the text it learned cannot be read again from here ({record.name})") from None
    if corpus.fingerprint(found) != record.sha256:
        raise NotRead(f"{record.name} is not the text any more that the model learned")
    for source, is_file in sources:
        if is_file:
            say(f"Reading {source}, named by the run's record.")
    return found


def token_files(record, say=lambda line: None):
    """Return the opened token files of a run, from where its record says that they are; as `texts`."""
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
        raise NotRead(f"the token files it learned cannot be read again from here ({record.token_files})") from None
    if found != record.sha256:
        raise NotRead(f"{record.token_files} does not hold the token files any more that the model learned")
    say(f"Reading {folder}, named by the run's record.")
    return opened


def _open(source, record):
    return Documents(source, **record.recipe.reading)


def _bounded(chunks, most):
    """The chunks of texts, as long as they are no longer than the text of the run."""
    for chunk in chunks:
        most -= len(chunk.text)
        if most < 0:
            raise NotRead("is not the text any more that the model learned: it is longer")
        yield chunk


def _source(name, record, characters):
    """Return a source that may be read, and whether it is of files; raise otherwise."""
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
    """Refuse a path that Windows looks for on another machine, where it would also log in."""
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
            raise NotRead("is no regular file")
        if not about.st_size:  # such as the files of /proc, which may be read for ever
            raise NotRead(f"is not the text any more that the model learned: {found.path.name} is empty")
        size += about.st_size
        if column is None and about.st_size > BYTES_PER_CHARACTER * characters + SPARE_BYTES:
            raise NotRead("is not the text any more that the model learned: it is longer")
    if len(record.sources) == 1 and size < characters:  # no character takes less than a byte
        raise NotRead("is not the text any more that the model learned: it is shorter")


def _base(pattern):
    """Return the folder that a pattern begins in, and the parts of the path below it."""
    parts = pattern.parts
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return pathlib.Path(*parts[:first]), parts[first:]


def _check_few_entries(folder, depth):
    """Refuse a folder whose search would take long; `depth` levels are counted, None for all."""
    count, levels = 0, [(folder, 1)]
    while levels:
        here, level = levels.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    count += 1
                    if count > MOST_ENTRIES:
                        raise NotRead(f"means a search through more than {MOST_ENTRIES:,} files, so name it yourself")
                    if (depth is None or level < depth) and entry.is_dir(follow_symlinks=False):
                        levels.append((entry.path, level + 1))
        except OSError:  # not to be read, or gone
            continue
