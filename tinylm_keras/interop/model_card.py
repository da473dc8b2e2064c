"""Writes the README.md of a model's folder: what the model is, its training text, its quality, and how to use it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re

from tinylm_keras import _checks, _terminal

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{1,60}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

USE = """```python
from transformers import pipeline

write = pipeline("text-generation", model=".")
print(write("{prompt}")[0]["generated_text"])
```

`model.keras` is the model as Keras has it: `tinylm generate model.keras "{prompt}"`.
"""

# Settings of a recipe that describe the machine or the files, not the model.
_NOT_SHOWN = ("vocabulary_file", "merges_file", "encoding", "column", "bad_rows")


def check(license=None, language=None):
    """Raise unless the licence and the languages are spelled as on Hugging Face; return the languages as a list."""
    if license is not None and not (isinstance(license, str) and LICENSE.fullmatch(license)):
        advice = 'Such as "mit", "apache-2.0", "cc-by-4.0", or "other".'
        raise _checks.refuse("license", "must be the short name of a licence, in lower case", license, advice)
    languages = [] if language is None else [language] if isinstance(language, str) else list(language)
    for one in languages:
        if not (isinstance(one, str) and LANGUAGE.fullmatch(one)):
            raise _checks.refuse("language", "must be a language code", one, 'Such as "en", "de" or "pt-BR".')
    return languages


def text(model, name, record=None, license=None, languages=(), holds_counts=False):
    """Return the text of README.md.

    Args:
        model: The `LanguageModel` that was exported.
        name: str. The name of the model.
        record: `RunRecord` of the run that trained it, or None.
        license: str or None.
        languages: list of str.
        holds_counts: bool. Whether model.keras contains counts, and so pieces of the text.
    """
    perplexity = _perplexity(record)
    head = {"license": license} if license else {}
    head |= {"language": list(languages)} if languages else {}
    head |= {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["tinylm_keras", "keras"]}
    if perplexity is not None:
        data = {"name": _source(record), "type": "text"}
        result = {"task": {"type": "text-generation"}, "dataset": data}
        metrics = [{"type": "perplexity", "value": round(perplexity, 3), "name": "perplexity on the validation text"}]
        head["model-index"] = [{"name": name, "results": [{**result, "metrics": metrics}]}]
    # JSON is also YAML, and needs no quoting of its own.
    lines = ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()), "---", ""]
    lines += [f"# {name}", "", f"A small language model made with tinylm_keras: a {_what(model)}.", ""]
    lines += _training(record, perplexity)
    if license is None:
        lines += ["No licence was stated.", ""]
    if holds_counts:
        lines += ["`model.keras` contains counts of n-grams, and with them pieces of the text it learned from.", ""]
    # With an end token, an empty prompt is the beginning of a text.
    prompt = "The" if model.tokenizer is None or model.tokenizer.end_id is None else ""
    return "\n".join([*lines, USE.format(prompt=prompt), *_recipe(record)])


def _what(model):
    tokenizer = model.tokenizer
    tokens = "" if tokenizer is None else f", {tokenizer.vocabulary_size():,} tokens of a {type(tokenizer).__name__}"
    return f"{type(model).__name__} of {model.count_params():,} weights, context {model.context_length:,}{tokens}"


def _perplexity(record):
    result = {} if record is None else record.values.get("result", {})
    loss = result.get("best_val_loss")
    good = isinstance(loss, (int, float)) and not isinstance(loss, bool) and 0 <= loss < 50
    return math.exp(loss) if good else None


def _source(record):
    """Return the name of the text without its folders, which describe the machine."""
    names = [os.path.basename(name.replace("\\", "/").rstrip("/")) or name for name in record.name.split(" + ")]
    return _terminal.printable(" + ".join(names)).replace("`", "'")


def _training(record, perplexity):
    if record is None:
        return ["What text it learned from is not recorded.", ""]
    corpus = record.corpus
    size = f", {corpus['characters']:,} characters" if isinstance(corpus.get("characters"), int) else ""
    lines = [f"It learned from `{_source(record)}`{size}.", ""]
    if perplexity is not None:
        lines += [f"Perplexity on the part of that text that was kept for validation: {perplexity:.2f} per token.", ""]
    return lines


def _recipe(record):
    if record is None or record.recipe is None:
        return []
    settings = {name: value for name, value in dataclasses.asdict(record.recipe).items() if name not in _NOT_SHOWN}
    settings = {name: value for name, value in settings.items() if value is not None}
    content = json.dumps(settings, indent=2, ensure_ascii=False).replace("```", "'''")
    return ["## Recipe", "", "```json", content, "```", ""]
