"""Fetches model files from the Hugging Face hub, and pushes folders with a model and its card to it."""

from __future__ import annotations

import logging
import pathlib
import re
import warnings
from typing import TYPE_CHECKING

from tinylm_keras import _checks, _small_files, _terminal

if TYPE_CHECKING:
    from tinylm_keras._types import Path

SCHEME = "hf://"
MODEL, CARD = "model.keras", "README.md"

# The files of a folder that are pushed: those that `tinylm export` writes, but no checkpoints, samples or records.
FILES = (
    *(CARD, MODEL, "LICENSE", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"),
    *("tokenizer_config.json", "model.gguf", "Modelfile", "model.onnx", "model.tflite"),
)
LARGEST_CARD = 1 << 20
EXPORT = "Make such a folder with: tinylm export MODEL --to huggingface --license mit --out FOLDER"

# Classes whose files contain pieces of the text that was counted.
COUNTED = ("NGramLM", "MixtureLM")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_HEAD = re.compile(r"\A---\n(.*?)^---$", re.DOTALL | re.MULTILINE)
_LICENSE = re.compile(r"""^license:[ \t]*["']?(?!null\b)[A-Za-z0-9]""", re.MULTILINE)


def is_address(path: object) -> bool:
    """Whether this is a str that names a model on the hub, `"hf://owner/name"`."""
    return isinstance(path, str) and path.startswith(SCHEME)


def file_of(path: Path) -> pathlib.Path:
    """Return the file of a model, given its path, the folder of a run, or an address on the hub, which is fetched.

    Example:

    >>> file_of("runs/my/model.keras").name
    'model.keras'
    """
    if is_address(path):
        return fetch(path)
    path = pathlib.Path(path)
    return path / MODEL if path.is_dir() else path


def fetch(address: str) -> pathlib.Path:
    """Download the `model.keras` of a repository, or find it in the cache of earlier downloads.

    No other file is downloaded, and this one is not opened: loading checks it like any other file.

    Args:
        address: str. `"hf://owner/name"`.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        ValueError: if the name is invalid, or the file cannot be downloaded. The message is one line.
    """
    name = _checked(address.removeprefix(SCHEME), "model", address)
    huggingface_hub = _package()
    try:
        return pathlib.Path(huggingface_hub.hf_hub_download(name, MODEL, library_name="tinylm_keras"))
    except huggingface_hub.errors.LocalEntryNotFoundError as error:
        rule = "could not be fetched, because there is no connection to the hub and no earlier download"
        raise _checks.refuse("model", rule, address) from error
    except Exception as error:  # of the network, the hub or the disk; most have several lines
        advice = f"Does https://huggingface.co/{name} exist, with a {MODEL}? A private one needs: hf auth login"
        raise _checks.refuse("model", f"could not be fetched ({_reason(error)})", address, advice) from error


def push(folder: Path, name: str, private: bool = False) -> str:
    """Push a folder with a model and its card to the Hugging Face hub, where `load_model("hf://owner/name")` finds it.

    Only files that `export` writes are pushed, but not the checkpoints, samples and record of a run. Files of the same
    name in the repository are replaced.

    Args:
        folder: str or path of a folder with `model.keras` and `README.md`, as `export(…, format="huggingface")` writes
            it. The card must state a licence; there is no default.
        name: str. `"owner/name"`. The repository is created if it does not exist.
        private: bool. Whether a new repository is made private.

    Returns:
        The address of the repository, as str.

    Raises:
        ValueError: if the folder has no model, no card or no licence, if the model does not pass the check, or if the
            hub refuses the push. Nothing is pushed then.

    Warns:
        UserWarning: before the push, if the model contains counts and with them pieces of its text, or if files of the
            folder are left out.

    Example:

    >>> push("no-such-folder", "me/my-model")
    Traceback (most recent call last):
    ...
    ValueError: `folder` must be a folder with model.keras and README.md. Received: folder='no-such-folder'.
    """
    _checked(name, "name", name)
    huggingface_hub = _package()
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise _checks.refuse("folder", f"must be a folder with {MODEL} and {CARD}", str(folder))
    if not (folder / MODEL).exists():
        raise _checks.refuse("folder", f"must have a {MODEL}", str(folder), EXPORT)
    _check_model(folder / MODEL)
    _check_card(folder / CARD)
    found = sorted(path.name for path in folder.iterdir())
    left = [_terminal.printable(one) for one in found if one not in FILES]
    if left:
        more = f" and {len(left) - 5:,} more" if len(left) > 5 else ""
        warnings.warn(f"Not pushed: {', '.join(left[:5])}{more}.", stacklevel=2)
    files = [one for one in found if one in FILES]
    try:
        api = huggingface_hub.HfApi(library_name="tinylm_keras")
        url = api.create_repo(name, private=private, exist_ok=True)
        words = {"commit_message": "A model made with tinylm_keras"}
        api.upload_folder(repo_id=name, folder_path=folder, allow_patterns=files, **words)
    except Exception as error:
        advice = "Sign in with: hf auth login. The token must be allowed to write."
        raise _checks.refuse("name", f"could not be pushed to ({_reason(error)})", name, advice) from error
    return str(url)


def _package():
    try:
        import huggingface_hub
    except ImportError:
        raise ImportError("The hub needs the package huggingface-hub. Run: pip install huggingface-hub") from None
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # otherwise each retry writes a line
    return huggingface_hub


def _check_model(path):
    """Refuse a file that others could not load; warn that counts contain pieces of the text."""
    from tinylm_keras import archive

    if archive.class_name(path) in COUNTED:
        warnings.warn(
            f"{_terminal.printable(path)} contains counts, and with them pieces of the text that they were counted "
            "from. Anyone who downloads it can read them.",
            stacklevel=3,
        )


def _check_card(path):
    try:
        card = _small_files.read_small(path, LARGEST_CARD).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise _checks.refuse("folder", f"must have a {CARD}, the model card", str(path.parent), EXPORT) from None
    except ValueError as error:
        raise _checks.refuse("folder", f"must have a {CARD} that can be read ({error})", str(path.parent)) from None
    head = _HEAD.match(card)
    if head is None or _LICENSE.search(head[1]) is None:
        rule = (
            f'must have a {CARD} that states a licence between two lines "---" at its beginning, such as license: mit'
        )
        raise _checks.refuse("folder", rule, str(path.parent), EXPORT)


def _checked(name, argument, received):
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or ".." in name or "--" in name:
        rule = 'must be "owner/name"' if argument == "name" else 'must be "hf://owner/name"'
        raise _checks.refuse(argument, rule, received)
    return name


def _reason(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return _checks.cut(_terminal.printable(lines[0]).rstrip("."))
