"""Trains or counts the baselines one after the other."""

import dataclasses
import math
import time

from tinylm_keras import counting, evaluation
from tinylm_keras.baselines import count_models
from tinylm_keras.baselines.comparison.baseline import BASELINES
from tinylm_keras.experiments.runs import Runs
from tinylm_keras.experiments.spread import mean_and_deviation
from tinylm_keras.training import environment


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a baseline on the validation text; with several seeds, the mean of their runs.

    Attributes:
        name: str.
        bits_per_character: float. On all of the validation text.
        perplexity: float. `exp(loss)`.
        loss: float. Nats per token.
        trained: bool. False for counts.
        parameters: int. Number of learned or counted values.
        steps: int. Updates of a run; 0 for counts.
        seconds: float. Time of training or counting, of all seeds together.
        line: str. Its idea and its limits.
        seeds: int. Runs with different seeds; 1 for counts.
        deviation: float or None. Standard deviation of `bits_per_character` over the seeds (of a sample: n - 1); None
            for one run.
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
    seeds: int = 1
    deviation: float | None = None


class Comparison:
    """A comparison: a corpus, the recipes of the baselines, and the results so far.

    Args:
        recipes: dict of `Recipe` by the name of the baseline.
        corpus: `Corpus`.
        folder: `ExperimentFolder`.
        reporter: An object with the methods of `progress.Silent`.
        source: str. Name of the source.
        seeds: int. Runs of each trained baseline.
    """

    def __init__(self, recipes, corpus, folder, reporter, source, seeds=1):
        self.recipes, self.corpus, self.reporter, self.source = recipes, corpus, reporter, source
        self.evaluated = corpus.validation_batches(dataclasses.replace(recipes["bigram"], evaluation_batches=None))
        corpora = dict.fromkeys(recipes, corpus)
        self.runs = Runs(recipes, corpora, folder, reporter, source, self._judge, seeds)
        self.record = {
            "source": source,
            "sources": list(corpus.locations),
            "corpus": corpus.record(),
            "evaluated_on": {"tokens": int(self.evaluated.tokens), "context_length": self.evaluated.length},
            "estimated_seconds": round(sum(self.runs.estimates.values()), 1),
            "machine": {"device": environment.device()[1], "threads": environment.threads()},
            "versions": environment.versions(),
            "started": environment.now(),
        }

    def run(self):
        """Train or count all baselines and return their results."""
        text = self.record["corpus"]
        lines = [
            f"{self.source}: {text['characters']:,} characters, vocabulary {text['vocabulary_size']:,}; "
            f"{self.record['evaluated_on']['tokens']:,} tokens for validation",
            self.runs.header(),
        ]
        self.runs.folder.begin(text["sha256"])
        self.reporter.start(lines, self.runs.total)
        say, results = getattr(self.reporter, "say", lambda text: None), []
        try:
            for baseline in BASELINES:
                result = self._train(baseline) if baseline.preset else self._count(baseline)
                results.append(result)
                spread = "" if result.deviation is None else f" ± {result.deviation:.3f}"
                pace = self.runs.pace(result.name) if result.trained else ""
                say(f"{result.name}: {result.bits_per_character:.3f}{spread} bits per character{pace}")
        finally:
            self.reporter.finish([])
        return tuple(results)

    def _judge(self, model, corpus):
        loss = evaluation.evaluate(model, corpus.validation, layout=corpus.layout).loss
        return loss, self.evaluated.bits_per_character(loss)

    def _train(self, baseline):
        runs = self.runs.train(baseline.name)
        loss, _ = mean_and_deviation([run.loss for run in runs])
        _, deviation = mean_and_deviation([run.bits_per_character for run in runs])
        seconds = sum(run.seconds for run in runs)
        result = self._result(baseline, loss, runs[0].parameters, seconds, runs[0].steps)
        return dataclasses.replace(result, seeds=len(runs), deviation=deviation)

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
            perplexity=math.exp(min(loss, 700)),  # beyond it, there is no such number
            loss=loss,
            trained=baseline.preset is not None,
            parameters=parameters,
            steps=steps,
            seconds=round(seconds, 1),
            line=baseline.line,
        )
