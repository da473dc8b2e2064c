"""`prepare`: converts a source to token files on disk, a few megabytes at a time."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tinylm_keras import _checks, _files, _folders
from tinylm_keras.data import learning
from tinylm_keras.data.token_files import index as file_index
from tinylm_keras.data.token_files import reader
from tinylm_keras.data.token_files.part_writer import IdsFile, PartWriter, dtype_for
from tinylm_keras.data.token_files.split import PARTS, TRAIN, VALIDATION, divide
from tinylm_keras.text.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from tinylm_keras._types import Path, Source
    from tinylm_keras.data.token_files.reader import TokenFiles
    from tinylm_keras.tokenizers import Tokenizer

READING, LEARNING, WRITING = STAGES = ("reading", "learning the tokens", "writing")


def prepare(
    source: Source | Documents,
    tokenizer: Tokenizer,
    out: Path,
    *,
    validation: float = 0.1,
    separator: str | None = "auto",
    encoding: str = "utf-8",
    column: str | int | None = None,
    bad_rows: Literal["error", "skip"] = "error",
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[..., object] | None = None,
    runner: str | None = None,
    runner_options: Sequence[str] = (),
) -> TokenFiles:
    """Write a source as token files: a folder for `open_token_files` and `train(data=…)`.

    The folder holds `train.bin` and `validation.bin` (plain ids, little-endian, 16 bits each if the vocabulary allows
    it, otherwise 32), `tokenizer.json` and `index.json`, which describes them. The ids are those of `data.concatenate`:
    *end text end text … end* with an end token. The source is read two to four times, a few megabytes at a time, so
    it may be larger than the memory. All files are written, or none.

    Whole texts are held out for validation, chosen by their hash; for a single text, or files that are texts as a whole
    (`separator=None`), the end of each. See `data.token_files.split.divide` for the rule.

    Args:
        source: As for `read`, or `Documents`.
        tokenizer: `Tokenizer`. If it has no vocabulary, it is first adapted on the training part.
        out: str or path. A new folder.
        validation: float in [0, 1). Share held out for validation; 0 for none.
        separator, encoding, column, bad_rows: As for `read`; not used when `source` is `Documents`.
        seed: int. Seed of the choice of validation texts.
        overwrite: bool. Whether token files in an existing `out` may be replaced.
        progress: None, or a function that is called with the stage (one of `STAGES`), the bytes of this pass so far,
            the bytes of a pass (None if unknown), and the number of tokens written.
        runner: str or None. The runner of Apache Beam that reads and tokenizes with several workers, such as
            "DirectRunner" on this machine; None: this process. The files are the same to the byte. The source must be
            files, here also at addresses such as gs://…; a folder OUT.parts beside `out` holds intermediate results,
            with which the same call continues if it was interrupted.
        runner_options: list of str. Options of the runner, such as "--direct_num_workers=4".

    Returns:
        The opened `TokenFiles`.

    Raises:
        ValueError: if the source, the tokenizer or `out` is invalid, or a part would have fewer than two tokens.
        OSError: if the files cannot be written.
        RuntimeError: if Beam fails.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "token_files"
    >>> opened = prepare(["a b", "b c", "c d", "d a"], WhitespaceTokenizer(), folder, validation=0.25)
    >>> opened.train.documents, opened.validation.documents
    (3, 1)
    """
    validation = _checks.real_number("validation", validation, 0, 1, include_high=False)
    seed = _checks.whole_number("seed", seed, 0, 2**63)
    file_index.check_tokenizer(tokenizer)
    options = None
    if runner is not None:
        from tinylm_keras.data.beam.options import checked

        options = checked(runner, runner_options)
    with _folders.claimed(out, overwrite, "token files") as out:
        documents = source
        if not isinstance(source, Documents):
            how = {"separator": separator, "encoding": encoding, "column": column, "bad_rows": bad_rows}
            documents = Documents(source, **how, remote=runner is not None)
        report = _Reporter(documents, progress)
        with _steps(documents, tokenizer, out, options, report) as steps:
            division = steps.divide(validation, seed)
            learned_from = None
            if not file_index.has_vocabulary(tokenizer):
                report.stage = LEARNING
                learned_from = steps.learn(division)
            report.stage = WRITING
            with _Files(out, tokenizer, PARTS if validation else (TRAIN,)) as files:
                tallies = steps.write(division, files)
                report(files.count, last=True)
                files.describe(tallies, documents.names, learned_from)
        return reader.open_token_files(out)


def _steps(documents, tokenizer, out, options, report):
    """Return a context with the steps: those of this process, or those of the workers of a Beam runner."""
    if options is None:
        return contextlib.nullcontext(_InThisProcess(documents, tokenizer, report))
    from tinylm_keras.data.beam.preparing import ByUnits

    return ByUnits(documents, tokenizer, out, options, report)


class _InThisProcess:
    """The steps of `prepare`, each of which reads the source from the beginning."""

    def __init__(self, documents, tokenizer, report):
        self.documents, self.tokenizer, self.report = documents, tokenizer, report

    def divide(self, fraction, seed):
        """Return the `Division` of the source."""
        return divide(self.documents, fraction, seed, self.report)

    def learn(self, division):
        """Learn the vocabulary; return what `learning.learn` does."""
        return learning.learn(self.tokenizer, self._training_texts(division))

    def write(self, division, files):
        """Tokenize the texts and write their ids; return the `Tally` of each part."""
        writers = {part: PartWriter(ids_file, self.tokenizer) for part, ids_file in files.ids_files.items()}
        for part, chunk in division(self.documents):
            writers[part].add(chunk)
            self.report(files.count)
        return {part: writer.finish() for part, writer in writers.items()}

    def _training_texts(self, division):
        for part, chunk in division(self.documents):
            self.report()
            if part == TRAIN:
                yield chunk


class _Files:
    """A context that writes all files under temporary names and renames them when all are complete, the index last.

    Args:
        out: `pathlib.Path` of the folder.
        tokenizer: `Tokenizer`.
        parts: The parts to write, of `PARTS`.

    Attributes:
        ids_files: dict of `IdsFile` by part.
    """

    def __init__(self, out, tokenizer, parts):
        self.out, self.tokenizer, self.parts = out, tokenizer, parts
        self.dtype = dtype_for(tokenizer.vocabulary_size())
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        for part in PARTS:
            _files.sweep(self.out / file_index.file_of(part))  # even if there is no such part now
        names = [file_index.INDEX, file_index.TOKENIZER, *map(file_index.file_of, self.parts)]  # renamed last to first
        with self._stack:
            paths = {name: self._stack.enter_context(_files.atomic_path(self.out / name)) for name in names}
            self._index = paths[file_index.INDEX]
            paths[file_index.TOKENIZER].write_text(file_index.tokenizer_json(self.tokenizer), encoding="utf-8")
            opened = {
                part: self._stack.enter_context(paths[file_index.file_of(part)].open("wb")) for part in self.parts
            }
            self.ids_files = {part: IdsFile(file, self.dtype) for part, file in opened.items()}
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    @property
    def count(self):
        """Number of ids written so far."""
        return sum(file.count for file in self.ids_files.values())

    def describe(self, tallies, sources, learned_from):
        """Write the index of the finished files."""
        splits = {}
        for part, file in self.ids_files.items():
            splits[part] = tallies[part].entry(file_index.file_of(part), file.count, file.sha256)
            file.file.close()
        index = file_index.describe(self.tokenizer, self.dtype, splits, sources, learned_from)
        self._index.write_text(index, encoding="utf-8")
        for name in (file_index.INDEX, *file_index.FILES[VALIDATION]):  # of the old token files
            (self.out / name).unlink(missing_ok=True)


class _Reporter:
    """Reports the progress of a pass, at most ten times a second."""

    def __init__(self, documents, progress):
        self.documents, self.progress = documents, progress
        self.stage, self._told, self._told_at, self._done = READING, None, 0.0, None

    def __call__(self, tokens=0, last=False, done=None):
        self._done = self._done if done is None else done
        now = time.monotonic()
        if self.progress is not None and (last or self.stage != self._told or now - self._told_at >= 0.1):
            self._told, self._told_at = self.stage, now
            done = self.documents.done if self._done is None else self._done
            self.progress(self.stage, done, self.documents.size, tokens)
