"""Pictures as PNG files, with the sentence that describes them."""

from __future__ import annotations

import io
import pathlib
from typing import TYPE_CHECKING

from tinylm_keras import _checks, _terminal
from tinylm_keras._files import atomic_path
from tinylm_keras._small_files import read_small

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tinylm_keras._types import Path

LARGEST = 64 << 20  # bytes of a PNG file that is read


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file, atomically; that of a `Picture` holds its sentence."""
    with atomic_path(pathlib.Path(path)) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def alt_text(picture: Figure | Path) -> str:
    """Return the sentence that says what a picture shows, for readers who do not see it.

    Args:
        picture: A figure that a function of this module returned, or the path of a PNG file that `save`, a run or a
            command wrote.

    Returns:
        str, in one line. Empty for a figure or a PNG file without a sentence.

    Raises:
        ValueError: if the file is not a PNG file.
        OSError: if it cannot be read.

    Example:

    >>> from tinylm_keras import plots
    >>> plots.alt_text(plots.draw([{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.5}]))
    'Training loss by step: it begins at 2.000 and ends at 1.500. Lowest training loss: 1.500 at step 20 of 20.'
    """
    from matplotlib.figure import Figure

    if isinstance(picture, Figure):
        return getattr(picture, "alt_text", "")
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(read_small(picture, LARGEST)), formats=["PNG"]) as image:
            return _terminal.printable(image.info.get("Description", ""))
    except UnidentifiedImageError:
        raise _checks.refuse("picture", "must be a figure or a PNG file", str(picture)) from None
    except (SyntaxError, ValueError) as error:  # a damaged file, a folder, a file that is too large
        raise _checks.refuse("picture", f"must be a figure or a PNG file ({error})", str(picture)) from None
