"""Shared by all commands: output, reading input, and loading models."""

import contextlib
import importlib
import json
import os
import pathlib
import shlex
import sys
import warnings

from tinylm_keras import _checks, _streams, _terminal, hub
from tinylm_keras.cli import _refusal
from tinylm_keras.training import JOINED as JOINED

LONGEST_PROMPT = 1 << 24  # bytes


class BadInput(Exception):
    """Invalid input on the command line. Shown as one line; the exit code is 2."""


def say(line):
    """Write one line to stderr, for everything but the result itself; a closed stderr is ignored."""
    _streams.tell(_terminal.printable(line) + "\n", sys.stderr)


def answer(text):
    """Write the result of a command, or a part of it, to stdout."""
    sys.stdout.write(_terminal.harmless(text) + "\n")
    sys.stdout.flush()


def answer_json(value):
    """Write a value to stdout as JSON."""
    answer(_terminal.harmless_json(json.dumps(value, indent=2, ensure_ascii=False)))


def answer_raw(text, end="\n"):
    """Write text of a model: unchanged into a pipe or a file, without control characters on a terminal."""
    sys.stdout.write(written(text) + end)
    sys.stdout.flush()


def written(text):
    """Return text of a model in the form for stdout; see `answer_raw`."""
    return _terminal.harmless(text) if sys.stdout.isatty() else text


@contextlib.contextmanager
def warnings_in_one_line():
    """A context that shows Python warnings as one line, without the place in the code."""

    def show(message, category, filename, lineno, file=None, line=None):
        say(f"tinylm: {_refusal.line(message)}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def continued_by(folder, holds=None):
    """A context of work in a folder: if it is stopped, a line says how it continues.

    Args:
        folder: str or path. What `--out` is.
        holds: str or path. The folder with what is done so far, if it is another one.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if os.path.isdir(folder if holds is None else holds):
            say(f"Stopped. To continue, give the same command with --out {shlex.quote(str(folder))}")
        raise


def make_streams_total():
    """Let stdout and stderr accept every character; those missing in the locale's encoding are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def read_stdin():
    """Return standard input as text, without the final line break that a shell adds."""
    binary = getattr(sys.stdin, "buffer", None)
    text = sys.stdin.read() if binary is None else _decode("prompt", "standard input", binary)
    return text.removesuffix("\n").removesuffix("\r")


def read_text(argument, path):
    """Return a UTF-8 file or pipe as text with line ends as \\n, without a byte-order mark."""
    with pathlib.Path(path).open("rb") as file:
        return _decode(argument, path, file)


def _decode(argument, where, file):
    content = file.read(LONGEST_PROMPT + 1)
    if len(content) > LONGEST_PROMPT:  # such as /dev/zero, which never ends
        rule = f"must have at most {LONGEST_PROMPT:,} bytes"
        raise _checks.refuse(argument, rule, str(where), "A model reads only the end of a prompt.", error=BadInput)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        rule = f"must be UTF-8 text, but byte {error.start} is not valid"
        raise _checks.refuse(argument, rule, str(where), "Save it as UTF-8.", error=BadInput) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def open_sources(sources, recipe, remote=False):
    """Return several sources as one `Documents`, to be read with the settings of a recipe; `remote` as for that."""
    from tinylm_keras.text import documents

    return documents.Joined([documents.Documents(source, **recipe.reading, remote=remote) for source in sources])


def model_file(path, argument="model"):
    """Return the model file meant by `path`: itself, `model.keras` in a run's folder, or that of hf://…, fetched."""
    if not str(path):
        raise _checks.refuse(argument, "must be a .keras file or a run's folder", "", error=BadInput)
    file = hub.file_of(path)
    if file.exists():
        return file
    path = pathlib.Path(path)
    if path.is_dir():
        rule = "must be a .keras file or a run's folder, but this folder has no model.keras"
        raise _checks.refuse(argument, rule, str(path), error=BadInput)
    raise _checks.refuse(argument, "must be a .keras file that exists", str(path), "Train a model with: tinylm train")


def load_model(path):
    """Load the model at `path`; return it with the path of its file."""
    file = model_file(path)
    start_keras()
    import tinylm_keras

    return tinylm_keras.load_model(file), file


def load_with_digest(path):
    """As `load_model`, and also return the SHA-256 of the loaded file."""
    file = model_file(path)
    start_keras()
    from tinylm_keras import archive, saving

    with archive.hold(file) as held:
        digest = held.sha256()
        return saving.load_held(held), file, digest


def tokenizer_of(path):
    """Return the tokenizer of the model meant by `path`."""
    return check_tokenizer(load_model(path)[0].tokenizer, path)


def check_tokenizer(tokenizer, path):
    """Return the tokenizer of the model meant by `path`, or refuse the model if it has none."""
    if tokenizer is None:
        raise _checks.refuse("model", "must have a tokenizer, but this one has none", str(path), error=BadInput)
    return tokenizer


def start_keras():
    """Import Keras without the lines that TensorFlow's C++ code logs to stderr, unless the import fails.

    TF_CPP_MIN_LOG_LEVEL is not enough, because lines logged before absl is initialized ignore it. A user who sets it to
    0 or 1 sees all lines.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") in ("0", "1") or "keras" in sys.modules:
        return
    with _streams.held_back():
        backend = importlib.import_module("keras").config.backend()
        if backend != "tensorflow":
            _restrict_tensorflow()
        _log_the_first_compilation()


def _restrict_tensorflow():
    """On another backend, TensorFlow only tokenizes: without this, it would take the memory of a graphics card."""
    importlib.import_module("tinylm_keras.tokenizers.base")  # keras-hub imports TensorFlow where it is installed
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.config.set_visible_devices([], "GPU")


def _log_the_first_compilation():
    """Compile something small with XLA, so that TensorFlow before 2.21 logs its line about XLA now."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and tuple(map(int, tensorflow.__version__.split(".")[:2])) < (2, 21):
        tensorflow.function(lambda x: x + 1, jit_compile=True)(tensorflow.constant(1))
