"""Goes from stage to stage: chooses the validation part, learns the vocabulary, writes the ids, joins the results."""

import functools
import hashlib
import json
import shutil
import warnings

import numpy as np

import tinylm_keras
from tinylm_keras import _checks, archive, id_rules
from tinylm_keras.data import learning
from tinylm_keras.data.beam import runner as beam_runner
from tinylm_keras.data.beam import staging as stagings
from tinylm_keras.data.beam import work
from tinylm_keras.data.beam.staging import Staging, name_of
from tinylm_keras.data.token_files import index, split
from tinylm_keras.data.token_files.tally import Tally
from tinylm_keras.id_rules.word_counts import WordCounts
from tinylm_keras.text import units as unit_room
from tinylm_keras.text.learning_sample import LAST, LearningSample

COPIED = 1 << 24  # bytes at a time


class ByUnits:
    """A context in which the steps of `prepare` are done by the workers of a Beam runner.

    Results of an interrupted start of the same work are used again. They are removed when the work is done, or if it is
    refused because of its input.

    Args:
        documents: `Documents` of files.
        tokenizer: `Tokenizer` of this package, which is changed if it has no vocabulary.
        out: `pathlib.Path` of the token files.
        options: list of str. Options of Beam, with `--runner`.
        report: Function that is called with the number of tokens, and `done`: of bytes.

    Raises:
        ValueError: if the source cannot be divided, or the tokenizer is not of this package.
    """

    def __init__(self, documents, tokenizer, out, options, report):
        self.documents, self.tokenizer, self.options, self.report = documents, tokenizer, options, report
        self._serialized = _serialized(tokenizer)
        self.units = unit_room.divide(documents)
        self.local = stagings.local(out)
        plan = [vars(unit) for unit in self.units]
        self.staging = Staging(_place(self.local, options, plan))
        self._plan, self._tokens, self._warned = plan, {}, set()

    def __enter__(self):
        self.local.mkdir(parents=True, exist_ok=True)
        begun = {"version": tinylm_keras.__version__, "tokenizer": self._serialized, "units": self._plan}
        if not self.staging.settle("start.json", begun):
            for stage in work.STAGES:
                self.staging.remove(stage)
                self.staging.remove(f"{stage}.json")
        self.staging.settle(stagings.UNITS, self._plan)
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None or issubclass(kind, (ValueError, TypeError)):
            self.staging.remove()
            shutil.rmtree(self.local, ignore_errors=True)

    # The steps

    def divide(self, fraction, seed):
        """Return the `Division` of the source, as `split.divide` does."""
        results = self._results(work.LOOK, {"fraction": fraction, "seed": seed})
        looks = [work.look_of(result) for result in results]
        self._check_text(looks)
        self._division = split.decide(looks, self.documents.whole, fraction, seed) if fraction else split.Division()
        self._places = None
        if self._division.places is not None:  # those of each unit
            left = iter(self._division.places)
            self._places = [[next(left) for _ in range(int(look.counts.sum()))] for look in looks]
        return self._division

    def learn(self, division):
        """Learn the vocabulary, as `learning.learn` does."""
        if self.tokenizer.learning_limit is None:
            counts = WordCounts()
            for result in self._results(work.LEARN, self._divided()):
                counts.merge(work.counts_of(result))
            self.tokenizer.learn(counts)
            return None
        # Hashes are spread evenly, so this lets twice as much through as is needed.
        size = self.documents.size
        below = min(LAST, 2 * LAST * self.tokenizer.learning_limit // max(size, 1))
        sample = self._sample(below)
        if below < LAST and sample.below == below:  # many pieces are equal: more of them are needed
            sample = self._sample(LAST)
        return learning.learn_from_sample(self.tokenizer, sample)

    def write(self, division, files):
        """Write the ids of all units, and join them; return the `Tally` of each part."""
        self._serialized = _serialized(self.tokenizer)
        settings = {"dtype": files.dtype, "parts": list(files.parts)}
        results = list(self._results(work.WRITE, {**self._divided(), **settings}))
        tallies = {}
        for part, ids_file in files.ids_files.items():
            tallies[part] = Tally()
            for number, result in enumerate(results):
                tally = Tally.from_json(result[part])
                if not ids_file.count and tally.documents and self.tokenizer.end_id is not None:
                    ids_file.write_bytes(_bytes_of(self.tokenizer.end_id, ids_file.dtype))
                self._copy(number, part, ids_file)
                tallies[part].add(tally)
                self.report(files.count, done=self.documents.size)
        return tallies

    # Their parts

    def _divided(self):
        division = self._division
        return {
            "seed": division.seed,
            "edge": division.edge,
            "places": self._places,
            "tokenizer": self._serialized,
        }

    def _sample(self, below):
        sample = LearningSample(self.tokenizer.learning_limit, below)
        for result in self._results(work.LEARN, {**self._divided(), "below": below}):
            sample.merge(work.sample_of(result, sample.limit))
        return sample

    def _results(self, stage, settings):
        """Do a stage for all units, and return an iterator over the results in their order."""
        self.staging.settle(f"{stage}.json", settings)
        log = self.local / f"{stage}.log"
        told = functools.partial(self._tell, stage)
        beam_runner.run(self.staging, stage, len(self.units), self.options, log, told)
        return (self._result(stage, number) for number in range(len(self.units)))

    def _result(self, stage, number):
        content = self.staging.read_json(f"{stage}/{name_of(number)}")
        for message in content["warnings"]:
            if message not in self._warned:
                self._warned.add(message)
                warnings.warn(message, stacklevel=5)
        if "refused" in content:
            raise work.refusal_of(content["refused"])
        return content["result"]

    def _tell(self, stage, finished):
        if stage == work.WRITE and not self.staging.is_remote:
            for number in finished - self._tokens.keys():
                result = self.staging.read_json(f"{stage}/{name_of(number)}").get("result") or {}
                self._tokens[number] = sum(tally["ids"] for tally in result.values())
        done = sum(self.units[number].size for number in finished)
        self.report(sum(self._tokens.values()), done=done)

    def _check_text(self, looks):
        """Refuse a source without text, as reading it in one process does."""
        sources = getattr(self.documents, "several", [self.documents])
        for number, source in enumerate(sources):
            mine = zip(self.units, looks, strict=True)
            if not sum(int(look.counts.sum()) for unit, look in mine if unit.source == number):
                raise source.blank()

    def _copy(self, number, part, ids_file):
        with self.staging.open(f"{work.WRITE}/{name_of(number, f'.{part}.bin')}") as file:
            while content := file.read(COPIED):
                ids_file.write_bytes(content)


def _serialized(tokenizer):
    """Return a tokenizer in a form for JSON, or raise if workers cannot restore it without Keras."""
    described = json.loads(index.tokenizer_json(tokenizer))
    try:
        archive.check_tokenizer(described)
        id_rules.restore(described)
    except (archive.Refused, KeyError):
        rule = "must be a tokenizer of this package for several workers"
        advice = ["Leave out ", _checks.Argument("runner"), "."]
        raise _checks.refuse("tokenizer", rule, type(tokenizer).__name__, advice) from None
    return described


def _place(local, options, plan):
    """Return the staging folder: in the place for temporary files of the runner, if there is one, or beside `out`."""
    given = [one.partition("=")[2] for one in options if one.startswith("--temp_location=")]
    if not given:
        return local
    digest = hashlib.sha256(json.dumps([str(local.absolute()), plan]).encode()).hexdigest()[:16]
    return f"{given[-1].rstrip('/')}/tinylm-{digest}"


def _bytes_of(token_id, dtype):
    return np.array([token_id], dtype).tobytes()
