"""Trains the runs of an experiment one after the other, each recipe with each seed, and says how long it takes."""

import contextlib
import dataclasses
import logging
import time

from tinylm_keras import saving
from tinylm_keras.experiments import estimates
from tinylm_keras.experiments.folder import Run
from tinylm_keras.training import checkpoint, progress
from tinylm_keras.training.divergence import Diverged
from tinylm_keras.training.resuming import SavedRun
from tinylm_keras.training.run import run


@contextlib.contextmanager
def _many_models():
    """A context in which TensorFlow does not take several models in one process for a mistake."""
    logger = logging.getLogger("tensorflow")
    wanted = lambda record: "triggered tf.function retracing" not in record.getMessage()  # noqa: E731
    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


class Runs:
    """The runs of an experiment.

    Args:
        recipes: dict of `Recipe` by name. Run i of a name has the seed of its recipe plus i.
        corpora: dict of `Corpus` by name.
        folder: `ExperimentFolder`.
        reporter: An object with the methods of `progress.Silent`.
        source: str. Name of the source in recipe.json.
        judge: Function of a model and its corpus that returns nats per token and bits per character.
        seeds: int. Runs of each recipe.
        may_diverge: bool. Whether a diverged run is a result; otherwise it ends the experiment.
    """

    def __init__(self, recipes, corpora, folder, reporter, source, judge, seeds=1, may_diverge=False):
        self.recipes, self.corpora, self.folder, self.reporter = recipes, corpora, folder, reporter
        self.source, self.judge, self.seeds, self.may_diverge = source, judge, seeds, may_diverge
        self.estimates, self.steps, self.measured = {}, {}, {}
        for name, recipe in recipes.items():
            dataclasses.replace(recipe, seed=recipe.seed + seeds - 1)  # refuses a seed that is too large
            seconds, steps = estimates.expected(recipe, corpora[name])
            self.estimates[name], self.steps[name] = seeds * seconds, steps

    @property
    def total(self):
        """Updates of all runs."""
        return self.seeds * sum(self.steps.values())

    def header(self, what="models", one="the first model"):
        """Return the line that says how much there is to do."""
        each = f" with {self.seeds} seeds each" if self.seeds > 1 else ""
        return (
            f"{len(self.recipes)} {what} to train{each}, {self.total:,} steps in all: about "
            f"{progress.duration(self.left(self.recipes))} on this machine, a guess until {one} is trained"
        )

    def left(self, names):
        """Return the expected seconds of some recipes, corrected by the pace of those already trained."""
        known = sum(self.estimates[name] for name in self.measured)
        pace = sum(self.measured.values()) / known if known else 1.0
        return pace * sum(self.estimates[name] for name in names)

    def pace(self, name, one="model"):
        """Return the end of the line of a trained recipe: its time, and the expected time of the others."""
        waiting = [other for other in self.recipes if other not in self.measured]
        took = f", trained in {progress.duration(self.measured[name])}"
        if not waiting:
            return took
        more = f"1 {one}" if len(waiting) == 1 else f"{len(waiting)} {one}s"
        return f"{took}; {more} to go: about {progress.duration(self.left(waiting))} at this pace"

    @_many_models()
    def train(self, name):
        """Train one recipe with each seed, unless this was done before; return a list of `Run`."""
        found = []
        for number in range(self.seeds):
            recipe = dataclasses.replace(self.recipes[name], seed=self.recipes[name].seed + number)
            one = self.folder.find(name, recipe.seed)
            if one is None:
                one = self._train(name, number, recipe)
                self.folder.add(one)
            found.append(one)
        self.measured[name] = sum(one.seconds for one in found)
        return found

    def _train(self, name, number, recipe):
        began, corpus = time.monotonic(), self.corpora[name]
        loss = bits = None
        parameters, diverged = 0, ""
        try:
            model = self._fit(folder_name(name, recipe.seed, number), recipe, corpus, self._follower(name, number))
            loss, bits = map(float, self.judge(model, corpus))
            parameters = int(model.count_params())
        except Diverged as error:
            if not self.may_diverge:
                raise
            diverged = str(error)
        seconds = round(time.monotonic() - began, 1)
        return Run(name, recipe.seed, loss, bits, parameters, self.steps[name], seconds, diverged)

    def _fit(self, place, recipe, corpus, follower):
        """Train one run, or continue it from its last checkpoint."""
        folder = self.folder.run_folder(place)
        if folder is None:
            return run(recipe, corpus, None, follower, self.source)
        with folder.claimed(quiet=True):
            saved = self._saved(folder.path, recipe, corpus) if self.folder.continuing else None
            if saved is None:
                return run(recipe, corpus, folder, follower, self.source)
            best = folder.file(checkpoint.BEST)
            if saved.state.finished and best.exists() and not saved.is_to_be_mixed:  # stopped before it was judged
                return saving.read_model(best)
            return run(recipe, corpus, folder, follower, model=saved.model, state=saved.state, notes=saved.notes)

    def _saved(self, path, recipe, corpus):
        """Return the `SavedRun` of an earlier process with a checkpoint of the same run, or None."""
        try:
            saved = SavedRun(path)
        except (ValueError, OSError):  # nothing was written yet, or it is damaged: the run starts again
            return None
        same = saved.recipe == recipe and saved.sha256 == corpus.sha256
        return saved if same and saved.state is not None else None

    def _follower(self, name, number):
        names = list(self.recipes)
        later = names[names.index(name) + 1 :]
        before = self.seeds * sum(self.steps[one] for one in names[: names.index(name)]) + number * self.steps[name]
        rest = self.left([name]) * (self.seeds - number - 1) / self.seeds + self.left(later)
        return _Follower(self.reporter, before, self.total, rest)


def folder_name(name, seed, number):
    """Return the name of a run's folder: that of the recipe, and for other seeds than the first also the seed.

    Example:

    >>> folder_name("mlp", 0, 0), folder_name("mlp", 1, 1)
    ('mlp', 'mlp-seed-1')
    """
    return f"{name}-seed-{seed}" if number else name


class _Follower(progress.Silent):
    """Shows the steps of one run as steps of the whole experiment."""

    def __init__(self, reporter, before, total, seconds_after):
        self.reporter, self.before, self.total, self.seconds_after = reporter, before, total, seconds_after

    def step(self, step, steps, loss, validation_perplexity, tokens_per_second, seconds_left):
        left = None if seconds_left is None else seconds_left + self.seconds_after
        self.reporter.step(self.before + step, self.total, loss, validation_perplexity, tokens_per_second, left)
