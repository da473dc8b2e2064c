"""The page of a model, from Python: one HTML file that also shows itself in a notebook."""

from __future__ import annotations

import dataclasses
import html
import importlib.metadata
import os
import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks, _files, _terminal, hub, runtime
from tinylm_keras.explain.beginning import beginning
from tinylm_keras.explain.document import document
from tinylm_keras.explain.payload import Reference, payload
from tinylm_keras.writing import texts

if TYPE_CHECKING:
    from typing import Literal

    from tinylm_keras._types import Path
    from tinylm_keras.models import LanguageModel

SUFFIXES = (".html", ".htm")
HEIGHT = 900  # pixels in a notebook


@dataclasses.dataclass(frozen=True, repr=False)
class Page:
    """The page of a model. As the last value of a notebook's cell it shows itself.

    Attributes:
        html: str. The whole page.
        path: `pathlib.Path` or None. Where it was written.
        bytes: int. Its size.
        notes: list of str. What there is to know about it, a line each.
    """

    html: str
    path: pathlib.Path | None
    bytes: int
    notes: list[str]

    def __repr__(self):
        where = "" if self.path is None else f"path={str(self.path)!r}, "
        return f"Page({where}bytes={self.bytes})"

    def _repr_html_(self):
        """The page in a frame of its own, which may run scripts and nothing else."""
        attributes = f'sandbox="allow-scripts" width="100%" height="{HEIGHT}" title="The page of a model"'
        return f'<iframe {attributes} style="border: 1px solid #8888" srcdoc="{html.escape(self.html)}"></iframe>'


def page(
    model: LanguageModel | Path,
    prompt: str | None = None,
    path: Path | None = None,
    *,
    title: str | None = None,
    weights: Literal["float16", "float32", "int8"] = "float16",
    without_counts: bool = False,
    overwrite: bool = False,
) -> Page:
    """Make the page of a model: one HTML file in which it writes, and shows how, in a browser and without network.

    The page holds the weights, the tokenizer and a program that computes the model. Whoever has it has the model.

    Args:
        model: `LanguageModel`, or str or path of a `.keras` file or of a run's folder, or "hf://owner/name". A file is
            read without Keras.
        prompt: str or None. The text that the page begins with; "" begins a new text. None: a few words that the model
            writes itself.
        path: str or path of the `.html` file to write, or None to write none.
        title: str or None. The name of the model on the page; None: that of its run or of its file.
        weights: "float16", "float32", or "int8", which halves the file again and changes what the model writes.
        without_counts: bool. Whether the counts of a mixture, which hold pieces of its training text, are left out.
        overwrite: bool. Whether a file that exists is replaced.

    Returns:
        A `Page`. The same model, prompt and settings give the same bytes.

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if the model cannot be shown, such as one without a tokenizer; or if the file exists and `overwrite`
            is False. Nothing is written then.
        TypeError: if `model` is not a model.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer().adapt("the cat sees the dog")
    >>> model = tlm.MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8, feed_forward_dim=8)
    >>> made = tlm.explain.page(model, "the cat")
    >>> made.html.count("<script"), made.path
    (2, None)

    References:
        The views follow exBERT (arXiv:1910.05276), the logit lens (nostalgebraist, 2020) and Transformer Explainer
        (arXiv:2408.04619); here they are of one's own model.
    """
    for name, value in (("without_counts", without_counts), ("overwrite", overwrite)):
        if not isinstance(value, bool):
            raise _checks.refuse(name, "must be True or False", value, error=TypeError)
    _checks.one_of("weights", weights, ("float16", "float32", "int8"))
    for name, value in (("prompt", prompt), ("title", title)):
        if value is not None:
            _checks.text(name, value)
    target = None if path is None else _target(path, overwrite)
    opened, reference, name = _opened(model)
    with np.errstate(over="ignore", invalid="ignore"):
        prompt = beginning(opened) if prompt is None else _checked_prompt(opened, prompt)
        content = payload(opened, prompt, weights=weights, counts=not without_counts, reference=reference)
    text = document({"title": name if title is None else title, **content})
    encoded = text.encode("utf-8")
    if target is not None:
        with _files.atomic_path(target) as temporary:
            temporary.write_bytes(encoded)
    return Page(text, target, len(encoded), _notes(content))


def _target(path, overwrite):
    """The path to write, or raise."""
    if not isinstance(path, (str, os.PathLike)):
        raise _checks.refuse("path", "must be the path of a file", path, error=TypeError)
    path = pathlib.Path(path)
    if path.is_dir():
        advice = ["Try ", _checks.Argument("path", str(path / "page.html")), "."]
        raise _checks.refuse("path", "must be a file, but it is a folder", str(path), advice)
    if path.suffix.lower() not in SUFFIXES:
        advice = ["Try ", _checks.Argument("path", str(path.with_name(path.name + ".html"))), "."] if path.name else ""
        raise _checks.refuse("path", 'must end in ".html"', str(path), advice)
    if not path.parent.is_dir():
        raise _checks.refuse("path", "must be in a folder that exists", str(path), f"Make {path.parent} first.")
    if os.path.lexists(path) and not path.is_file():
        raise _checks.refuse("path", "must be an ordinary file", str(path), "Choose another name.")
    if path.exists() and not overwrite:
        advice = ["Choose another name, or pass ", _checks.Argument("overwrite", True), "."]
        raise _checks.refuse("path", "must be a new file, but it exists", str(path), advice)
    return path


def _opened(model):
    """The model as a `runtime.Model`, who computes the logits that the page is compared with, and its name."""
    if isinstance(model, (str, os.PathLike)):
        file = hub.file_of(model)
        name = file.resolve().parent.name if file.name == hub.MODEL else file.stem
        name = str(model).removeprefix(hub.SCHEME) if hub.is_address(model) else name
        return runtime.load(file), None, _terminal.printable(name)  # it may have bytes that are no text
    if not _is_model(model):
        rule = "must be a LanguageModel, or the path of a .keras file or of a run's folder"
        raise _checks.refuse("model", rule, model, error=TypeError)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "model.keras"
        model.save(file)
        opened = runtime.load(file)
    return opened, Reference(f"Keras {importlib.metadata.version('keras')}", _logits_of(model)), type(model).__name__


def _checked_prompt(model, prompt):
    """The prompt, or raise where the page could not begin with it."""
    if model.tokenizer is None or len(model.prompt_ids(prompt)) or texts.can_begin(model, ""):
        return prompt
    reason = "this model has no end token to start from, and no known first tokens"
    raise _checks.refuse("prompt", f"must contain at least one token, because {reason}", prompt, "Give a first word.")


def _is_model(model):
    """Whether this is a model of Keras; without Keras, nothing can be one."""
    if "keras" not in sys.modules:
        return False
    from tinylm_keras.models import LanguageModel

    return isinstance(model, LanguageModel)


def _logits_of(model):
    """A function that computes the logits of a Keras model, or of the network in it."""

    def logits(ids, part):
        import keras

        network = model.network if part == "network" and hasattr(model, "network") else model
        return keras.ops.convert_to_numpy(network(np.asarray(ids, "int32")[np.newaxis], training=False))[0]

    return logits


def _notes(content):
    """What there is to know about a page, from what it carries."""
    notes, counts = [], content["counts"]
    if counts and counts["inside"]:
        words = "The page contains counts, and with them pieces of the text that the model learned from."
        notes.append(f"{words} To leave them out, make it with without_counts (--without-counts).")
    elif counts and counts["left_out"] == "size":
        size = f"{counts['bytes'] / 1e6:,.1f} MB"
        notes.append(f"The counts of the model take {size} and are left out: the page writes with its network alone.")
    elif counts and counts["left_out"]:
        notes.append("The counts of the model are left out: the page writes with its network alone.")
    if content["weights"]["precision"] == "int8":
        changed = content["check"]["rounding"]
        notes.append(f"int8 weights change the logits by up to {changed:.2g}, so texts differ from those of the model.")
    if content["recorded"] is not None:
        size = f"{content['model']['parameters']:,} weights"
        notes.append(f"The model has {size}: attention and the guesses of its blocks are recorded, for the prompt.")
    return notes
