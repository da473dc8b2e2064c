"""Trains or counts the baselines one after the other, and estimates the time."""

import contextlib
import dataclasses
import math
import time

from tinylm_keras import counting, evaluation
from tinylm_keras.baselines import count_models
from tinylm_keras.baselines.comparison.baseline import BASELINES
from tinylm_keras.training import environment, plan, progress, start, train
from tinylm_keras.training.run_folder import RunFolder

# Seconds of a baseline besides its arithmetic: to compile without and with XLA, and to start each step.
COMPILING, COMPILING_XLA, STARTING = 4.0, 12.0, 0.002

# Factor for evaluations, and the share of the speed of large matrix products that small models reach.
EVALUATING, USABLE = 1.15, 0.4


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a baseline on the validation text.

    Attributes:
        name: str.
        bits_per_character: float. On all of the validation text.
        perplexity: float. `exp(loss)`.
        loss: float. Nats per token.
        trained: bool. False for counts.
        parameters: int. Number of learned or counted values.
        steps: int. Updates; 0 for counts.
        seconds: float. Time of training or counting.
        line: str. Its idea and its limits.
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


class Comparison:
    """A comparison: a corpus, the recipes of the baselines, and the results so far."""

    def __init__(self, recipes, corpus, folder, reporter, source):
        self.recipes, self.corpus, self.folder, self.reporter, self.source = recipes, corpus, folder, reporter, source
        self.evaluated = corpus.validation_batches(dataclasses.replace(recipes["bigram"], evaluation_batches=None))
        self.estimates, self.measured = self._estimate(), {}
        self.record = {
            "source": source,
            "sources": list(corpus.locations),
            "corpus": corpus.record(),
            "evaluated_on": {"tokens": int(self.evaluated.tokens), "context_length": self.evaluated.length},
            "estimated_seconds": round(sum(self.estimates.values()), 1),
            "machine": {"device": environment.device()[1], "threads": environment.threads()},
            "versions": environment.versions(),
            "started": environment.now(),
        }

    def run(self):
        """Train or count all baselines and return their results."""
        steps = sum(recipe.steps or 0 for recipe in self.recipes.values())
        text = self.record["corpus"]
        lines = [
            f"{self.source}: {text['characters']:,} characters, vocabulary {text['vocabulary_size']:,}; "
            f"{self.record['evaluated_on']['tokens']:,} tokens for validation",
            f"{len(self.recipes)} models to train, {steps:,} steps in all: about "
            f"{progress.duration(self._left(self.recipes))} on this machine, a guess until the first model is trained",
        ]
        self.reporter.start(lines, steps)
        say, results = getattr(self.reporter, "say", lambda text: None), []
        try:
            for baseline in BASELINES:
                results.append(self._train(baseline) if baseline.preset else self._count(baseline))
                say(
                    f"{baseline.name}: {results[-1].bits_per_character:.3f} bits per character{self._pace(results[-1])}"
                )
        finally:
            self.reporter.finish([])
        return tuple(results)

    def _estimate(self):
        """Return the expected seconds of each trained baseline, from its size and the speed of this machine."""
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

    def _left(self, names):
        """Return the expected seconds of some baselines, corrected by the pace of those already trained."""
        expected = sum(self.estimates[name] for name in self.measured)
        pace = sum(self.measured.values()) / expected if expected else 1.0
        return pace * sum(self.estimates[name] for name in names)

    def _pace(self, result):
        """Return the end of a baseline's line: its time, and the expected time of the others."""
        if not result.trained:
            return ""
        self.measured[result.name] = result.seconds
        waiting = [name for name in self.recipes if name not in self.measured]
        took = f", trained in {progress.duration(result.seconds)}"
        if not waiting:
            return took
        models = "1 model" if len(waiting) == 1 else f"{len(waiting)} models"
        return f"{took}; {models} to go: about {progress.duration(self._left(waiting))} at this pace"

    def _train(self, baseline):
        recipe, began = self.recipes[baseline.name], time.monotonic()
        run = None if self.folder is None else RunFolder(self.folder / baseline.name, overwrite=True)
        with contextlib.nullcontext() if run is None else run.claimed(quiet=True):
            model = train.run(recipe, self.corpus, run, self._follower(baseline.name), self.source)
        found = evaluation.evaluate(model, self.corpus.validation, layout=self.corpus.layout)
        return self._result(baseline, found.loss, model.count_params(), time.monotonic() - began, recipe.steps)

    def _count(self, baseline):
        began = time.monotonic()
        seen, evaluated = self.corpus.train_stream.ids, self.corpus.validation_stream.ids
        tokenizer = self.corpus.tokenizer
        size = tokenizer.vocabulary_size()
        if baseline.name == "unigram":
            loss, numbers = math.log(count_models.unigram_perplexity(seen, evaluated[1:])), size
        elif baseline.name == "bigram counts":
            loss, numbers = count_models.bigram_nats(seen, evaluated, size), size**2
        else:
            rows, evaluated = (counting.rows_of(ids, tokenizer.end_id) for ids in (seen, evaluated))
            counts = counting.count_in_best_order(rows, size, pad_id=tokenizer.pad_id)
            loss, numbers = math.log(2) * float(counts.bits(evaluated).mean()), counts.numbers
        return self._result(baseline, loss, numbers, time.monotonic() - began)

    def _result(self, baseline, loss, parameters, seconds, steps=0):
        return Result(
            name=baseline.name,
            bits_per_character=float(self.evaluated.bits_per_character(loss)),
            perplexity=math.exp(loss),
            loss=loss,
            trained=baseline.preset is not None,
            parameters=parameters,
            steps=steps,
            seconds=round(seconds, 1),
            line=baseline.line,
        )

    def _follower(self, name):
        names = list(self.recipes)
        place = names.index(name)
        before = sum(self.recipes[one].steps or 0 for one in names[:place])
        return _Follower(self.reporter, name, before, self._left(names[place + 1 :]))


class _Follower(progress.Silent):
    """Shows the steps of one baseline as steps of the whole comparison."""

    def __init__(self, reporter, name, before, seconds_after):
        self.reporter, self.name, self.before, self.seconds_after = reporter, name, before, seconds_after
        self.total = 0

    def step(self, step, steps, loss, validation_perplexity, tokens_per_second, seconds_left):
        left = None if seconds_left is None else seconds_left + self.seconds_after
        self.reporter.step(self.before + step, steps, loss, validation_perplexity, tokens_per_second, left)
