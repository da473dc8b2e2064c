"""Text into a notebook and a file out of it, in Colab and elsewhere."""

from __future__ import annotations

import os
import shutil
import sys

from tinylm_keras.text import sources

DRIVE = "/content/drive"


class StopHere(Exception):
    """Ends a cell, and "Run all", with a sentence in place of a traceback."""

    def _render_traceback_(self):  # what IPython asks an exception for
        return [str(self)]


def chosen(source: str, otherwise: str) -> str:
    """Return the source of a notebook's text.

    Args:
        source: str. What `tlm.data.read` takes; "upload", to choose a file in Colab; or "" for `otherwise`.
        otherwise: str. The source where none is given, such as "stories:2000".

    Raises:
        StopHere: outside Colab, or if no file was chosen.
    """
    if source != "upload":
        return source or otherwise
    if "google.colab" not in sys.modules:
        raise StopHere('"upload" works in Colab. Here, write a path: MY_TEXT = "my.txt"')
    from google.colab import files

    uploaded = list(files.upload())
    if not uploaded:
        raise StopHere("No file was chosen. Run the cell again.")
    return uploaded[0]


def read(source: str, otherwise: str = "stories") -> list[str]:
    """Return the texts of a source; a text that cannot be read ends the cell with one sentence.

    Args:
        source: As in `chosen`.
        otherwise: As in `chosen`.

    Returns:
        list of str.

    Raises:
        StopHere: if the text cannot be read, or none was chosen.

    Example:

    >>> len(read("", "stories:20"))
    20
    """
    try:
        return sources.read(chosen(source, otherwise))
    except (ValueError, OSError) as error:
        raise StopHere(str(error)) from None


def keep(path: str, on_drive: bool = False) -> str:
    """Download a file from Colab or copy it to Google Drive; elsewhere do nothing. Return where the file is.

    Args:
        path: str. A file beside the notebook.
        on_drive: bool. Copy it to Google Drive, which asks for permission, instead of downloading it.
    """
    if "google.colab" not in sys.modules:
        return f"Your model is in {path}, beside this notebook."
    from google.colab import drive, files

    if not on_drive:
        files.download(path)
        return f"{path} is in the downloads of your browser."
    drive.mount(DRIVE)
    shutil.copy(path, os.path.join(DRIVE, "MyDrive", path))
    return f"{path} is in your Google Drive."
