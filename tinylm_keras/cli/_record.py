"""The result of `tinylm generate`: shown on the terminal, and written to a file with everything to reproduce it."""

import datetime
import json
import os

import tinylm_keras
from tinylm_keras import _checks, _files
from tinylm_keras.cli import _console, _tables


class Record:
    """The generated texts of one call, and everything to reproduce them.

    Args:
        model: `pathlib.Path`. The model's file.
        digest: str. SHA-256 of the file.
        seed: int.
        settings: dict. The settings of generation, including the model's defaults.
        prompts: list of str.
        engine: str. "numpy" or "keras": what computed.
    """

    def __init__(self, model, digest, seed, settings, prompts, engine):
        self.model, self.digest, self.seed, self.engine = model, digest, seed, engine
        self.settings, self.prompts = dict(settings), prompts
        self.temperatures, self.texts = [], []

    def add(self, temperature, texts):
        """Add the texts of one temperature: a list of texts for each prompt."""
        self.temperatures.append(self.settings.get("temperature") if temperature is None else temperature)
        self.texts.append(texts)

    def show(self, streamed):
        """Print the texts: several temperatures side by side, otherwise one text after the other."""
        if len(self.temperatures) > 1:
            self._show_table()
        elif not streamed:
            _console.answer_raw("\n\n".join(text for texts in self.texts[0] for text in texts))

    def _show_table(self):
        rows = []
        for place in range(len(self.prompts)):
            for number, row in enumerate(zip(*[texts[place] for texts in self.texts], strict=True)):
                rows.append((self._row_name(place, number), [_console.written(text) for text in row]))
        _tables.show_texts([f"temperature {temperature}" for temperature in self.temperatures], rows)

    def _row_name(self, place, number):
        samples = len(self.texts[0][place])
        names = [f"prompt {place + 1}"] if len(self.prompts) > 1 else []
        return ", ".join(names + ([f"sample {number + 1}"] if samples > 1 else []))

    def save(self, path):
        """Write the record to `path` atomically: JSON if the name ends in .json, otherwise plain text."""
        with _files.atomic_path(path) as temporary:
            content = self._as_json() if path.suffix.lower() == ".json" else self._as_text()
            temporary.write_text(content, encoding="utf-8")

    def _facts(self):
        import importlib.metadata  # it takes longer than writing a short text

        return {
            "model": str(self.model),
            "sha256": self.digest,
            "seed": self.seed,
            "settings": {name: value for name, value in self.settings.items() if name != "temperature"},
            "tinylm_keras": tinylm_keras.__version__,
            "engine": self.engine,
            self.engine: importlib.metadata.version(self.engine),
            "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }

    def _results(self):
        for temperature, by_prompt in zip(self.temperatures, self.texts, strict=True):
            for prompt, texts in zip(self.prompts, by_prompt, strict=True):
                yield {"prompt": prompt, "temperature": temperature, "texts": texts}

    def _as_json(self):
        return json.dumps({**self._facts(), "results": list(self._results())}, indent=2, ensure_ascii=False) + "\n"

    def _as_text(self):
        lines = [f"# {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in self._facts().items()]
        for result in self._results():
            for number, text in enumerate(result["texts"], 1):
                about = f"temperature {result['temperature']}, sample {number}, prompt {result['prompt']!r}"
                lines += ["", f"## {about}", text]
        return "\n".join(lines) + "\n"


def check_target(out, overwrite, inputs):
    """Return the path of the file to write, or refuse it before anything is computed."""
    path = _checks.path("out", out)
    if path.is_dir():
        raise _checks.refuse("out", "must be a file, but it is a folder", str(path), error=_console.BadInput)
    if not path.parent.is_dir():
        advice = f"Create {path.parent} first."
        raise _checks.refuse("out", "must be in a folder that exists", str(path), advice, error=_console.BadInput)
    if path.suffix == ".keras" or any(one and os.path.realpath(path) == os.path.realpath(one) for one in inputs):
        rule = "must not be a model or the prompt file"
        raise _checks.refuse("out", rule, str(path), "Use another name.", error=_console.BadInput)
    if os.path.lexists(path) and not path.is_file():
        rule = "must be a regular file, not a device, a pipe or a broken link"
        raise _checks.refuse("out", rule, str(path), "Choose another name.", error=_console.BadInput)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        rule = f"must be in a writable folder, but {path.parent} is read-only"
        raise _checks.refuse("out", rule, str(path), "Choose another folder.", error=_console.BadInput)
    if path.exists() and not overwrite:
        advice = ["Choose another name, or add ", _checks.Argument("overwrite", True), "."]
        raise _checks.refuse("out", "must be a new file, but it exists", str(path), advice, error=_console.BadInput)
    return path
