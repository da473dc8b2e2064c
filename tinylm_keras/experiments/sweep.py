"""A sweep: one run for each value of a setting and each seed, and what they reached."""

import dataclasses
import math

from tinylm_keras import evaluation
from tinylm_keras.experiments.runs import Runs
from tinylm_keras.experiments.spread import mean_and_deviation
from tinylm_keras.training import environment


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """What the runs with one value of the setting reached; with several seeds, the mean of their runs.

    Attributes:
        value: The value of the setting.
        bits_per_character: float or None. On all of the validation text; None if every run diverged.
        deviation: float or None. Standard deviation of `bits_per_character` over the seeds (of a sample: n - 1); None
            for one run.
        loss: float or None. Nats per token. Values that change the tokens are compared in bits per character only.
        perplexity: float or None. `exp(loss)`.
        best: bool. Whether this is the value with the fewest bits per character, of those without a diverged run.
        diverged: int. Runs that diverged.
        seeds: int. Runs.
        parameters: int. Weights of the model; 0 if every run diverged.
        steps: int. Updates of a run.
        seconds: float. Time of training, of all seeds together.
    """

    value: object
    bits_per_character: float | None
    deviation: float | None
    loss: float | None
    perplexity: float | None
    best: bool
    diverged: int
    seeds: int
    parameters: int
    steps: int
    seconds: float


class Sweep:
    """The runs of a sweep.

    Args:
        swept: `Swept`.
        recipes: dict of `Recipe` by the name of the value.
        corpora: dict of `Corpus` by the name of the value.
        folder: `ExperimentFolder`.
        reporter: An object with the methods of `progress.Silent`.
        source: str. Name of the source.
        seeds: int. Runs with each value.
    """

    def __init__(self, swept, recipes, corpora, folder, reporter, source, seeds=1):
        self.swept, self.reporter, self.source = swept, reporter, source
        self.runs = Runs(recipes, corpora, folder, reporter, source, _judge, seeds, may_diverge=True)
        corpus = next(iter(corpora.values()))
        self.record = {
            "setting": swept.setting,
            "values": list(swept.values),
            "seeds": seeds,
            "source": source,
            "sources": list(corpus.locations),
            "corpus": corpus.record(),
            "recipe": dataclasses.asdict(next(iter(recipes.values()))) | {swept.setting: None},
            "estimated_seconds": round(sum(self.runs.estimates.values()), 1),
            "machine": {"device": environment.device()[1], "threads": environment.threads()},
            "versions": environment.versions(),
            "started": environment.now(),
        }

    def run(self, notes=()):
        """Train all runs and return a tuple of `SweepResult` in the order of the values."""
        what = f"values of {self.swept.setting}"
        text = self.record["corpus"]
        size = f"{self.source}: {text['characters']:,} characters, {text['validation_texts']:,} texts for validation"
        self.runs.folder.begin(text["sha256"])
        self.reporter.start([*notes, size, self.runs.header(what, "the first value")], self.runs.total)
        say, found = getattr(self.reporter, "say", lambda text: None), []
        try:
            for value, name in zip(self.swept.values, self.swept.names, strict=True):
                found.append(_result(value, self.runs.train(name)))
                say(f"{self.swept.setting} {name}: {described(found[-1])}{self.runs.pace(name, 'value')}")
        finally:
            self.reporter.finish([])
        return marked(found)


def described(result):
    """Return the bits per character of a result, or that its runs diverged, as text."""
    diverged = "" if not result.diverged else "diverged"
    if result.diverged and result.seeds > 1:
        diverged = f"{result.diverged} of {result.seeds} runs diverged"
    if result.bits_per_character is None:
        return diverged
    spread = "" if result.deviation is None else f" ± {result.deviation:.3f}"
    return f"{result.bits_per_character:.3f}{spread} bits per character" + (f", {diverged}" if diverged else "")


def marked(results):
    """Return results with the best one marked: the lowest without a diverged run."""
    sound = [result for result in results if not result.diverged]
    best = min(sound, key=lambda result: result.bits_per_character, default=None)
    return tuple(dataclasses.replace(result, best=result is best) for result in results)


def _judge(model, corpus):
    found = evaluation.evaluate(model, corpus.validation, layout=corpus.layout, separator=corpus.separator)
    return found.loss, found.bits_per_character


def _result(value, runs):
    sound = [run for run in runs if not run.diverged]
    bits = deviation = loss = None
    if sound:
        bits, deviation = mean_and_deviation([run.bits_per_character for run in sound])
        loss, _ = mean_and_deviation([run.loss for run in sound])
    return SweepResult(
        value=value,
        bits_per_character=bits,
        deviation=deviation,
        loss=loss,
        perplexity=None if loss is None else math.exp(min(loss, 700)),  # beyond it, there is no such number
        best=False,
        diverged=len(runs) - len(sound),
        seeds=len(runs),
        parameters=max(run.parameters for run in runs),
        steps=runs[0].steps,
        seconds=round(sum(run.seconds for run in runs), 1),
    )
