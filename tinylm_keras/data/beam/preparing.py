"""Goes from stage to stage: chooses the validation part, learns the vocabulary, writes the ids, joins the results."""

import contextlib
import functools
import json
import warnings

import numpy as np

import tinylm_keras
from tinylm_keras import _checks, archive, id_rules
from tinylm_keras.data import learning
from tinylm_keras.data.beam import runner as beam_runner
from tinylm_keras.data.beam import staging as stagings
from tinylm_keras.data.beam import work
from tinylm_keras.data.beam.staging import name_of
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
        self._described = [vars(unit) for unit in self.units]
        self._tokens, self._warned, self._stack = {}, set(), contextlib.ExitStack()
        given = [one.partition("=")[2] for one in options if one.startswith("--temp_location=")]
        key = stagings.key_of(tinylm_keras.__version__, str(out.absolute()), self._serialized, self._described)
        self._claimed = stagings.claimed(out, given[-1] if given else None, key)

    def __enter__(self):
        self.local, self.staging = self._stack.enter_context(self._claimed)
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    # The steps

    def divide(self, fraction, seed):
        """Return the `Division` of the source, as `split.divide` does."""
        numbers, found = [], None
        for result in self._results(work.LOOK, {"fraction": fraction, "seed": seed})[1]:
            look = work.look_of(result)
            numbers.append(look.number)
            if found is None:
                found = look
            else:
                found.add(look)
        self._check_text(numbers)
        division = split.decide(found, self.documents.whole, fraction, seed) if fraction else split.Division()
        self._divided = {"seed": division.seed, "low": division.low, "edge": division.edge, "places": None}
        if division.places is not None:  # those of each unit
            left = iter(division.places)
            self._divided["places"] = [[next(left) for _ in range(number)] for number in numbers]
        return division

    def learn(self, division):
        """Learn the vocabulary, as `learning.learn` does."""
        if self.tokenizer.learning_limit is None:
            counts = WordCounts()
            for result in self._results(work.LEARN, {**self._divided, "tokenizer": self._serialized})[1]:
                counts.merge(work.counts_of(result))
            self.tokenizer.learn(counts)
            return None
        # Hashes are spread evenly, so this lets twice as much through as is needed.
        last = min(LAST, 2 * LAST * self.tokenizer.learning_limit // max(self.documents.size, 1))
        sample = self._sample(last)
        if last < LAST and sample.last == last:  # too little: a large part of the files is no text
            sample = self._sample(LAST)
        return learning.learn_from_sample(self.tokenizer, sample)

    def write(self, division, files):
        """Write the ids of all units, and join them; return the `Tally` of each part."""
        settings = {"tokenizer": _serialized(self.tokenizer), "dtype": files.dtype, "parts": list(files.parts)}
        job, results = self._results(work.WRITE, {**self._divided, **settings})
        tallies = {part: Tally() for part in files.ids_files}
        for number, result in enumerate(results):
            for part, ids_file in files.ids_files.items():
                tally = Tally.from_json(result[part])
                if not ids_file.count and tally.documents and self.tokenizer.end_id is not None:
                    ids_file.write(np.array([self.tokenizer.end_id]))
                self._copy(f"{job}/{name_of(number, f'.{part}.bin')}", ids_file)
                tallies[part].add(tally)
            self.report(files.count, done=self.documents.size)
        return tallies

    # Their parts

    def _sample(self, last):
        sample = LearningSample(self.tokenizer.learning_limit, last)
        settings = {**self._divided, "tokenizer": self._serialized, "last": last}
        for result in self._results(work.LEARN, settings)[1]:
            sample.merge(work.sample_of(result, sample.limit))
        return sample

    def _results(self, stage, settings):
        """Do a stage for all units; return the name of its job, and an iterator over the results in their order."""
        job = work.create(self.staging, stage, self._described, settings)
        told = functools.partial(self._tell, stage, job)
        beam_runner.run(self.staging, job, len(self.units), self.options, self.local / f"{stage}.log", told)
        return job, (self._result(job, number) for number in range(len(self.units)))

    def _result(self, job, number):
        content = self.staging.read_json(f"{job}/{name_of(number)}")
        for message in content["warnings"]:
            if message not in self._warned:
                self._warned.add(message)
                warnings.warn(message, stacklevel=5)
        if "refused" in content:
            raise work.refusal_of(content["refused"])
        return content["result"]

    def _tell(self, stage, job, finished):
        if stage == work.WRITE and not self.staging.is_remote:
            for number in finished - self._tokens.keys():
                result = self.staging.read_json(f"{job}/{name_of(number)}").get("result") or {}
                self._tokens[number] = sum(tally["ids"] for tally in result.values())
        done = sum(self.units[number].size for number in finished)
        self.report(sum(self._tokens.values()), done=done)

    def _check_text(self, numbers):
        """Refuse a source without text, as reading it in one process does."""
        sources = getattr(self.documents, "several", [self.documents])
        for place, source in enumerate(sources):
            if not sum(number for unit, number in zip(self.units, numbers, strict=True) if unit.source == place):
                raise source.blank()

    def _copy(self, name, ids_file):
        with self.staging.open(name) as file:
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
