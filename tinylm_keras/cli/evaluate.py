"""`tinylm evaluate`: how well a model predicts text, and how many of its stories are consistent."""

import dataclasses
from typing import Annotated

import typer

from tinylm_keras import _checks
from tinylm_keras.cli import _arguments, _console, _tables
from tinylm_keras.cli._model_run import ModelRun
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.recipe import presets

SEEDS, TEMPERATURE, STORIES = 20, 0.8, 200


@with_recipe_options(("layout", "separator", "encoding", "column", "bad_rows"))
def evaluate(
    model: Annotated[str, typer.Argument(help="A .keras file, or a run's folder.", show_default=False)],
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text to predict, as for train. Default: the held-out part of its training text.",
            show_default=False,
        ),
    ] = None,
    stories: Annotated[
        int | None,
        typer.Option(
            help="Check this many generated stories; 0 for none. Default: 200 if trained on the built-in stories.",
            metavar="N",
            parser=_arguments.number("stories", int),
        ),
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option(
            help="Also measure the perplexity with weights quantized to bfloat16 or int8.", metavar="bfloat16|int8"
        ),
    ] = None,
    copies: Annotated[
        bool, typer.Option("--copies/--no-copies", help="Measure how much 20 samples copy from the training text.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    **typed,
):
    """Evaluate a model: loss, perplexity and bits per character on text, and its stories."""
    overrides = typed_settings(typed)
    if stories is not None:
        _checks.whole_number("stories", stories, 0, 100_000)
    loaded, file = _console.load_model(model)
    from tinylm_keras import data, evaluation
    from tinylm_keras.generation import lower_precision

    if quantize is not None:
        lower_precision.dense_layers(loaded, quantize)  # refuses before anything is computed
    run = ModelRun(loaded, file)
    texts, of, training, separator = text_to_evaluate(run, source, overrides)
    model = loaded if training is None or of.startswith("all ") else evaluation.with_counts_of(loaded, training)
    how = {"layout": overrides.get("layout") or run.layout or "auto", "separator": separator}
    found = evaluation.evaluate(model, texts, training=training, **how)
    quantized = None if quantize is None else quantized_perplexity(model, texts, found, quantize)
    if not as_json:
        _tables.show_facts(facts(found, of, quantized))
    copied = copied_lines(loaded, run, texts) if copies and not run.is_built_in else []
    if copied and not as_json:
        _console.answer("\n" + "\n".join(copied))
    count = stories if stories is not None else STORIES if run.is_built_in else 0
    told, judged = [], None
    if count:
        told = evaluation.write_stories(loaded, count, min(SEEDS, count), TEMPERATURE)
        judged = data.stories.report(told, training=run.texts or ())
    if as_json:
        report = {"text": {"of": of, **dataclasses.asdict(found)}, "quantized": quantized, "copies": copied}
        report["stories"] = judged and dataclasses.asdict(judged)
        _console.answer_json(report)
    elif judged:
        show_stories(told, judged, run)


def text_to_evaluate(run, source, overrides):
    """Return the texts, their description, the training text (None if unknown), and the string between texts."""
    if source:
        name = _console.JOINED.join(source)
        documents = _console.open_sources(source, presets.override(run.recipe, **overrides))
        texts = list(documents.texts())
        own = run.corpus_of(texts)
        if own is None or not own.validation:
            return texts, name, run.texts, documents.between
        _console.say(f"The model was trained on a part of {name}; only the held-out part is evaluated.")
        return own.validation, f"the held-out part of {name}", own.train, documents.between
    if run.corpus is None:
        raise _console.BadInput(
            f"`source` must be given, because {run.problem}. Pass a text file to evaluate the model on."
        )
    if not run.corpus.validation:
        return run.corpus.train, f"all of {run.source}, which it was trained on", run.corpus.train, run.separator
    return run.corpus.validation, f"the held-out part of {run.source}", run.corpus.train, run.separator


def copied_lines(model, run, texts):
    """Return lines on how much 20 samples copy from the training text; no lines if that is unknown."""
    from tinylm_keras.training import copied

    if run.texts is None:
        return []
    known = set(run.texts)
    return copied.report(model, run.texts, [text for text in texts if text not in known])


def quantized_perplexity(model, texts, found, kind):
    """Return the type of quantized weights, their perplexity, and its relative increase over `found`."""
    from tinylm_keras import evaluation
    from tinylm_keras.generation import lower_precision

    with lower_precision.rounded(model, kind):
        perplexity = evaluation.evaluate(model, texts, layout=found.layout).perplexity
    return {"kind": kind, "perplexity": perplexity, "higher_by": perplexity / found.perplexity - 1}


def facts(found, of, quantized=None):
    """Yield the rows of the table: pairs of a name and a text."""
    yield "text", f"{of}: {found.texts:,} texts, {found.tokens:,} tokens, as {found.layout}"
    yield "loss", f"{found.loss:.4f} nats per token"
    yield "perplexity", f"{found.perplexity:,.2f}"
    if quantized:
        yield f"  {quantized['kind']} weights", "{perplexity:,.2f} ({higher_by:+.2%})".format(**quantized)
    yield "  unigram", f"{found.unigram_perplexity:,.2f}, from the word frequencies of {found.unigram_of}"
    yield "bits per character", f"{found.bits_per_character:.3f}"
    if found.counts_bits_per_character is not None:
        yield (
            "  counting alone",
            f"{found.counts_bits_per_character:.3f}, from n-gram counts of the training text",
        )
    yield "unknown words", f"{found.unknown:,}"
    if found.lossy:
        yield "lossy", "the tokenizer loses part of the text, such as line breaks; the lost part costs no bits here"


def show_stories(told, judged, run):
    """Print the shares of consistent and new stories, the faults, and one faulty story."""
    from tinylm_keras import data

    faults = ", ".join(f"{kind} ({count})" for kind, count in judged.problems[:5])
    _console.answer(
        f"\n{judged.count:,} stories that it wrote, from {min(SEEDS, judged.count)} seeds at temperature {TEMPERATURE}:"
    )
    rows = [
        ("consistent", f"{judged.consistent:.1%}"),
        ("new", f"{judged.new:.1%}" if run.texts else f"unknown, because {run.problem}"),
        ("distinct", f"{judged.distinct:.1%}"),
        ("faults", faults or "none"),
    ]
    if run.texts:
        rows.insert(2, ("both", f"{judged.consistent_and_new:.1%}"))
    _tables.show_facts(rows)
    faulty = next((story for story in told if data.stories.check(story)), None)
    if faulty is not None:
        _console.answer(f"\nAn inconsistent story:\n{faulty}")
        for fault in data.stories.check(faulty)[:3]:
            _console.answer(f"  - {fault}")
