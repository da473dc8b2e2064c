"""A figure with a sentence for readers who do not see it. Imported only when something is drawn."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from tinylm_keras.plots import style

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase


class Picture(Figure):
    """A `matplotlib.figure.Figure` in the style of the package, with its `alt_text`.

    A notebook shows it without `%matplotlib inline`, and gives the sentence to screen readers. A PNG file of it holds
    the sentence as its description.

    Attributes:
        alt_text: str. What the picture shows, in a sentence.
    """

    alt_text: str = ""

    def draw(self, renderer: RendererBase) -> None:
        with style.applied():  # ticks are made only now
            super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        name = fname if isinstance(fname, str) else getattr(fname, "name", "")
        kind = str(kwargs.get("format") or str(name).rpartition(".")[2]).lower()
        if kind == "png" and self.alt_text:
            kwargs["metadata"] = {"Description": self.alt_text} | (kwargs.get("metadata") or {})
        with style.applied():
            super().savefig(fname, transparent=transparent, **kwargs)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        """What IPython shows: the picture, its sentence as plain text, and as the picture's alternative text."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", metadata={"Software": None})
        picture = base64.b64encode(buffer.getvalue()).decode("ascii")
        return {"image/png": picture, "text/plain": self.alt_text}, {"image/png": {"alt": self.alt_text}}
