"""The ladder: one text, one tokenizer, and models from counting to attention, each judged by what its idea buys."""

import csv
import dataclasses
import json
import math
import pathlib
import time

from tinylm_keras import _checks, count_models, data, evaluation, plots
from tinylm_keras._files import atomic_path
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import environment, plan, presets, progress, start, train
from tinylm_keras.training.run_folder import RunFolder

# Seconds of a rung besides its arithmetic: to build and compile, without XLA and with it, and to start each step.
COMPILING, COMPILING_XLA, STARTING = 4.0, 12.0, 0.002

# What evaluations add, and which share of the speed of large matrix products small models reach in training.
EVALUATING, USABLE = 1.15, 0.4


@dataclasses.dataclass(frozen=True)
class Idea:
    """A rung of the ladder before anybody climbs it.

    Attributes:
        name: str. Also the folder of its run.
        line: str. What the idea is and what it cannot know.
        preset: str or None. The recipe it is trained with; None: it is counted.
        changes: dict. What differs from the preset.
    """

    name: str
    line: str
    preset: str | None = None
    changes: dict = dataclasses.field(default_factory=dict)


IDEAS = (
    Idea("unigram", "How often each character comes, counted; what stands before plays no part."),
    Idea(
        "average",
        "The mean of all characters before: which ones there were, not which came last. So it loses to a pair, "
        "which knows nothing else.",
        "mlp",
        {"model": "average", "embed_dim": 128, "hidden_dim": 256, "num_hidden_layers": 2},
    ),
    Idea("bigram counts", "How often each character follows each other one, counted: the best that pairs can do."),
    Idea("bigram", "The same pairs as a table of weights: training finds what counting finds.", "bigram"),
    Idea("mlp", "The last eight characters, each in its own place: order, as far as the window reaches.", "mlp"),
    Idea(
        "minilm",
        "Attention: each character chooses what matters to it among all before, in order, layer upon layer.",
        "shakespeare-char-small",
    ),
)


@dataclasses.dataclass(frozen=True)
class Rung:
    """A rung that was climbed.

    Attributes:
        name: str.
        bits_per_character: float. On all of the validation text.
        perplexity: float. Among how many equally likely characters the model seems to choose.
        loss: float. Nats per token.
        trained: bool. False for a model that is counted.
        parameters: int. Numbers learned or counted.
        steps: int. Updates; 0 for a model that is counted.
        seconds: float.
        line: str. What the idea is and what it cannot know.
    """

    name: str
    bits_per_character: float
    perplexity: float
    loss: float
    trained: bool
    parameters: int
    steps: int
    seconds: float
    line: str


def compare(source="stories", out=None, steps=None, overwrite=False, report="auto", name=None, **overrides):
    """Climb the ladder on a text: train and count all its models on one split with one tokenizer, and judge them.

    The measure is bits per character of the whole validation text. Each trained rung is a run of its own in `out`, so
    `tlm.load_model("out/mlp/model.keras")` works; beside them are `compare.json`, `compare.csv` and `compare.png`.

    Args:
        source: As in `train`.
        out: str, path or None. A new folder; None writes nothing.
        steps: int or None. Updates of each trained rung. None: 2000.
        overwrite: bool. Whether `out` may exist already.
        report: As the `progress` of `train`. The time that it will take is said before it begins.
        name: str or None. What the records call the source.
        **overrides: Settings of all recipes to change, such as `context_length=32`: of text, tokens, batches, `seed`
            and `jit_compile`.

    Returns:
        A tuple of `Rung`, in the order of the ladder.

    Raises:
        ValueError: if the text, a setting or `out` will not do; nothing is written then.

    Example:

    >>> from tinylm_keras.data import stories
    >>> rungs = compare(stories.write(30), steps=2, report=None, context_length=16)
    >>> [rung.name for rung in rungs]
    ['unigram', 'average', 'bigram counts', 'bigram', 'mlp', 'minilm']
    """
    recipes = make_recipes(steps, overrides)
    shared = recipes["bigram"]
    reporter = progress.choose(report)
    folder = None if out is None else RunFolder(out, overwrite)
    texts = data.read(source, separator=shared.separator, encoding=shared.encoding, column=shared.column)
    corpus = corpora.make(texts, shared)
    if not corpus.validation:
        raise _checks.refuse("validation", "must leave text to judge by", shared.validation)
    climb = _Climb(recipes, corpus, folder, reporter, train.source_name(source, name))
    rungs = climb.run()
    if folder is not None:
        write(rungs, folder.path, climb.record)
    return rungs


def make_recipes(steps=None, overrides=None):
    """Return the recipe of each trained rung by its name.

    Args:
        steps: int or None. Updates of each; None leaves the presets'.
        overrides: dict or None. Changes to all of them.

    Returns:
        dict of `Recipe`.

    Raises:
        ValueError: if a setting is unknown, out of its range, or not one that all rungs share.
    """
    overrides = {"batch_size": 12} | (overrides or {})  # the same text for all, as much as the last one can take
    if steps is not None:
        overrides["steps"] = steps
    recipes = {}
    for idea in IDEAS:
        if idea.preset is None:
            continue
        recipe = dataclasses.replace(presets.get(idea.preset), **idea.changes)
        recipe = dataclasses.replace(recipe, prompt=None, evaluation_batches=20)
        recipe = presets.override(recipe, **overrides)
        recipe = dataclasses.replace(recipe, window=min(recipe.window, recipe.context_length))
        every = None if recipe.steps is None else max(1, recipe.steps // 8)
        recipes[idea.name] = dataclasses.replace(recipe, evaluate_every=every)
    return recipes


class _Climb:
    """One climb: a corpus, the recipes of the rungs, and what has been found so far."""

    def __init__(self, recipes, corpus, folder, reporter, source):
        self.recipes, self.corpus, self.folder, self.reporter, self.source = recipes, corpus, folder, reporter, source
        self.judging = corpus.validation_batches(dataclasses.replace(recipes["bigram"], evaluation_batches=None))
        self.estimates = self._estimate()
        self.record = {
            "source": source,
            "corpus": corpus.record(),
            "judged_on": {"tokens": int(self.judging.tokens), "context_length": self.judging.length},
            "estimated_seconds": round(sum(self.estimates.values()), 1),
            "machine": {"device": environment.device()[1], "threads": environment.threads()},
            "versions": environment.versions(),
            "started": environment.now(),
        }

    def run(self):
        """Climb all rungs and return them."""
        steps = sum(recipe.steps or 0 for recipe in self.recipes.values())
        text = self.record["corpus"]
        lines = [
            f"{self.source}: {text['characters']:,} characters, vocabulary {text['vocabulary_size']:,}; "
            f"{self.record['judged_on']['tokens']:,} tokens to judge by",
            f"{len(self.recipes)} models to train, {steps:,} steps in all: about "
            f"{progress.duration(sum(self.estimates.values()))} on this machine",
        ]
        self.reporter.start(lines, steps)
        if self.folder is not None:
            self.folder.create()
        say, rungs = getattr(self.reporter, "say", lambda text: None), []
        try:
            for idea in IDEAS:
                rungs.append(self._train(idea) if idea.preset else self._count(idea))
                say(f"{idea.name}: {rungs[-1].bits_per_character:.3f} bits per character")
        finally:
            self.reporter.finish([])
        return tuple(rungs)

    def _estimate(self):
        """Return the seconds that each trained rung will take, from its size and the speed of this machine."""
        kind, seconds = environment.device()[0], {}
        share = plan.NOMINAL_RATE[kind] / (USABLE * environment.speed())
        for name, recipe in self.recipes.items():
            batches, batches_per_epoch = self.corpus.train_batches(recipe)
            parameters = start.new_model(recipe, self.corpus.tokenizer).count_params()
            tokens = batches.batch_size * batches.length
            sizes = {"batches_per_epoch": batches_per_epoch, "tokens_per_batch": tokens, "parameters": parameters}
            planned = plan.make(recipe, **sizes, device=kind)
            work = planned.estimated_seconds * share + planned.steps * STARTING
            seconds[name] = work * EVALUATING + (COMPILING_XLA if planned.jit_compile else COMPILING)
        return seconds

    def _train(self, idea):
        recipe, began = self.recipes[idea.name], time.monotonic()
        run = None if self.folder is None else RunFolder(self.folder.path / idea.name, overwrite=True)
        model = train.run(recipe, self.corpus, run, self._follower(idea.name), self.source)
        found = evaluation.evaluate(model, self.corpus.validation, layout=self.corpus.layout)
        return self._rung(idea, found.loss, model.count_params(), time.monotonic() - began, recipe.steps)

    def _count(self, idea):
        began = time.monotonic()
        seen, judged = self.corpus.train_stream.ids, self.corpus.validation_stream.ids
        size = self.corpus.tokenizer.vocabulary_size()
        if idea.name == "unigram":
            loss, numbers = math.log(count_models.unigram_perplexity(seen, judged[1:])), size
        else:
            loss, numbers = count_models.bigram_nats(seen, judged, size), size**2
        return self._rung(idea, loss, numbers, time.monotonic() - began)

    def _rung(self, idea, loss, parameters, seconds, steps=0):
        return Rung(
            name=idea.name,
            bits_per_character=float(self.judging.bits_per_character(loss)),
            perplexity=math.exp(loss),
            loss=loss,
            trained=idea.preset is not None,
            parameters=parameters,
            steps=steps,
            seconds=round(seconds, 1),
            line=idea.line,
        )

    def _follower(self, name):
        names = list(self.recipes)
        place = names.index(name)
        before = sum(self.recipes[one].steps or 0 for one in names[:place])
        return _Follower(self.reporter, name, before, sum(self.estimates[one] for one in names[place + 1 :]))


class _Follower(progress.Silent):
    """Shows the steps of one rung as steps of the whole climb."""

    def __init__(self, reporter, name, before, seconds_after):
        self.reporter, self.name, self.before, self.seconds_after = reporter, name, before, seconds_after
        self.total = 0

    def step(self, step, steps, loss, validation_perplexity, tokens_per_second, seconds_left):
        left = None if seconds_left is None else seconds_left + self.seconds_after
        self.reporter.step(self.before + step, steps, loss, validation_perplexity, tokens_per_second, left)


def write(rungs, folder, record):
    """Write `compare.json`, `compare.csv` and `compare.png` into a folder."""
    rows = [dataclasses.asdict(rung) for rung in rungs]
    folder = pathlib.Path(folder)
    with atomic_path(folder / "compare.json") as path:
        path.write_text(json.dumps({**record, "rungs": rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with atomic_path(folder / "compare.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    plots.save(plots.draw_ladder(rows), folder / "compare.png")
