"""Several workers write the files of one process, byte for byte; restarts change nothing; every failure is told."""

import json
import random
import warnings

import pytest

from tinylm_keras import data
from tinylm_keras.data.beam import options, preparing, work
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.text import units
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

MAKERS = {
    "whitespace": lambda: WhitespaceTokenizer(max_tokens=30),
    "whitespace, end": lambda: WhitespaceTokenizer(max_tokens=30, end_token="<end>"),
    "word-punct": lambda: WordPunctTokenizer(max_tokens=25),
    "character": lambda: CharacterTokenizer(max_tokens=20, end_token="<end>"),
    "byte-pair": lambda: BytePairTokenizer(max_tokens=300, end_token="<|endoftext|>"),
}


def run_here(order=None):
    """A runner that does all units in this process, in a random order, and some of them twice."""

    def run(staging, job, units, options, log, finished):
        numbers = list(range(units))
        random.Random(order).shuffle(numbers)
        for number in numbers + numbers[: units // 2]:
            work.run(staging.place, job, number)
            finished(staging.finished(job))

    return run


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """The workers are in this process, and units are small."""
    monkeypatch.setattr(preparing.beam_runner, "run", run_here(0))
    monkeypatch.setattr(options, "checked", lambda runner, given: [f"--runner={runner}", *given])
    monkeypatch.setattr(units, "LEAST", 300)


def books(folder, blank=True):
    """A folder of texts with rare words, a blank file, and one that is cut into several units."""
    folder.mkdir(exist_ok=True)
    words = ["the", "cat", "sat", "on", "a", "mat", "Ünder", "é", "zebra", "quay", "x1", "naïve", "of", "and", "I,"]
    pick = random.Random(1)
    for number in range(5):
        lines = [" ".join(pick.choices(words, k=pick.randint(1, 12))) for _ in range(40 if number else 200)]
        (folder / f"{number}.txt").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    if blank:
        (folder / "blank.txt").write_text(" \n\n \n", encoding="utf-8")
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def both(tmp_path, source, make, **arguments):
    """The files of one process, and those of workers."""
    one = data.prepare(source, make(), tmp_path / "one", **arguments)
    workers = data.prepare(source, make(), tmp_path / "workers", runner="DirectRunner", **arguments)
    assert one.tokenizer.fingerprint() == workers.tokenizer.fingerprint()
    assert not (tmp_path / "workers.parts").exists()
    return content(tmp_path / "one"), content(tmp_path / "workers")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "arguments", [{}, {"validation": 0}, {"separator": None, "validation": 0.3}, {"seed": 5}], ids=str
)
def test_workers_write_the_files_of_one_process(tmp_path, name, arguments):
    source = books(tmp_path / "books", blank="separator" not in arguments)
    one, workers = both(tmp_path, source, MAKERS[name], **arguments)
    assert one == workers
    assert ("validation.bin" in one) == (arguments.get("validation") != 0)


def test_a_single_text_is_cut_at_the_same_place(tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("One text " * 300, encoding="utf-8")
    one, workers = both(tmp_path, path, MAKERS["whitespace"])
    assert one == workers


@pytest.mark.parametrize("limit", [500, 4_000])
def test_byte_pairs_are_learned_from_the_same_sample(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(BytePairRules, "learning_limit", limit)
    one, workers = both(tmp_path, books(tmp_path / "books"), MAKERS["byte-pair"])
    assert one == workers
    learned = json.loads(one["index.json"])["tokenizer"]["learned_from"]
    assert learned["bytes"] <= limit < learned["of_bytes"]


def test_a_sample_of_equal_texts_is_looked_for_again_without_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(BytePairRules, "learning_limit", 1_000)
    path = tmp_path / "equal.txt"
    path.write_text("\n".join(["the same words again"] * 300 + ["other words"]), encoding="utf-8")
    one, workers = both(tmp_path, path, MAKERS["byte-pair"], validation=0)
    assert one == workers


def test_a_table_of_json_lines_and_a_tokenizer_with_a_vocabulary(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": f"row {number} of words"}) + "\n" for number in range(90)), "utf-8")
    known = WhitespaceTokenizer(vocabulary=["row", "of", "words"])
    one, workers = both(tmp_path, path, lambda: known, column="text")
    assert one == workers


def test_results_of_an_interrupted_start_are_used_again_and_those_of_other_work_are_not(tmp_path, monkeypatch):
    source, out = books(tmp_path / "books"), tmp_path / "workers"
    one = content(data.prepare(source, MAKERS["character"](), tmp_path / "one").path)
    done = []

    def stopped_in(stage_of_the_stop):
        def run(staging, job, units, options, log, finished):
            for number in range(units):
                if job.startswith(stage_of_the_stop) and number == units // 2:
                    raise KeyboardInterrupt
                if number not in staging.finished(job):
                    done.append((job.partition("-")[0], number))
                work.run(staging.place, job, number)

        return run

    monkeypatch.setattr(preparing.beam_runner, "run", stopped_in("write"))
    with pytest.raises(KeyboardInterrupt):
        data.prepare(source, MAKERS["character"](), out, runner="DirectRunner")
    assert not out.exists()
    assert (tmp_path / "workers.parts").is_dir()
    before, done[:] = list(done), []
    monkeypatch.setattr(preparing.beam_runner, "run", stopped_in("never"))
    data.prepare(source, MAKERS["character"](), out, runner="DirectRunner")
    assert content(out) == one
    assert not set(before) & set(done)
    assert {stage for stage, _ in done} == {"write"}

    monkeypatch.setattr(preparing.beam_runner, "run", stopped_in("learn"))
    with pytest.raises(KeyboardInterrupt):
        data.prepare(source, MAKERS["character"](), out, runner="DirectRunner", seed=1, overwrite=True)
    done.clear()
    monkeypatch.setattr(preparing.beam_runner, "run", stopped_in("never"))
    data.prepare(source, MAKERS["character"](), out, runner="DirectRunner", seed=0, overwrite=True)
    assert content(out) == one
    assert ("look", 0) in done  # another seed, another look


def test_bad_text_is_refused_as_in_one_process_and_leaves_nothing(tmp_path):
    source = books(tmp_path / "books")
    (source / "bad.txt").write_bytes(b"good line\n" * 50 + b"caf\xe9\n")
    messages = []
    for how in ({}, {"runner": "DirectRunner"}):
        with pytest.raises(ValueError, match="is not") as raised:
            data.prepare(source, MAKERS["whitespace"](), tmp_path / "out", **how)
        messages.append((str(raised.value), [str(part) for part in raised.value.parts]))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["books"]
    assert messages[0] == messages[1]


@pytest.mark.parametrize("text", ["", " \n \n", "one"])
def test_a_source_with_too_little_text_is_refused_as_in_one_process(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    messages = []
    for how in ({}, {"runner": "DirectRunner"}):
        with pytest.raises(ValueError, match=r"source|validation") as raised:
            data.prepare(path, MAKERS["whitespace"](), tmp_path / "out", **how)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_the_white_space_after_a_first_token_counts_once(tmp_path):
    for name, text in (("a", "many words " * 60), ("b", "word\n\n\n"), ("c", "more words " * 60)):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    one, workers = both(tmp_path, str(tmp_path / "*.txt"), MAKERS["whitespace"], separator=None)
    assert one == workers


def test_a_refusal_in_a_part_of_json_lines_names_the_line_of_the_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "some words"}\n' * 90 + '{"text": 5}\n' + '{"text": "some words"}\n' * 9, "utf-8")
    for how in ({}, {"runner": "DirectRunner"}):
        with pytest.raises(ValueError, match="line 91 of"):
            data.prepare(path, MAKERS["whitespace"](), tmp_path / "out", column="text", **how)


def test_a_worker_of_an_earlier_start_does_not_write_among_the_results_of_another(tmp_path, monkeypatch):
    """A command was killed, its pipeline was not, and the next command has another seed."""
    source, out = books(tmp_path / "books"), tmp_path / "out"
    one = content(data.prepare(source, MAKERS["whitespace"](), tmp_path / "one", seed=2).path)
    late = []

    def killed(staging, job, units, options, log, finished):
        late.append((staging.place, job))
        raise KeyboardInterrupt

    def run(staging, job, units, options, log, finished):
        for place, earlier in late:
            work.run(place, earlier, 0)
        run_here(1)(staging, job, units, options, log, finished)

    monkeypatch.setattr(preparing.beam_runner, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        data.prepare(source, MAKERS["whitespace"](), out, seed=1, runner="DirectRunner")
    monkeypatch.setattr(preparing.beam_runner, "run", run)
    data.prepare(source, MAKERS["whitespace"](), out, seed=2, runner="DirectRunner")
    assert content(out) == one
    assert not (tmp_path / "out.parts").exists()


@pytest.mark.parametrize("place", ["beside", "elsewhere"])
def test_a_stop_can_be_continued_wherever_the_results_are(tmp_path, monkeypatch, place):
    source, out = books(tmp_path / "books"), tmp_path / "out"
    how = {"runner": "DirectRunner"}
    if place == "elsewhere":
        how["runner_options"] = [f"--temp_location={tmp_path / 'tmp'}"]

    def stop(staging, job, units, options, log, finished):
        log.touch()
        work.run(staging.place, job, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(preparing.beam_runner, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        data.prepare(source, MAKERS["whitespace"](), out, **how)
    monkeypatch.setattr(preparing.beam_runner, "run", run_here(0))
    data.prepare(source, MAKERS["whitespace"](), out, **how)
    assert not (tmp_path / "out.parts").exists()
    assert not list((tmp_path / "tmp").glob("*"))
    assert content(out) == content(data.prepare(source, MAKERS["whitespace"](), tmp_path / "one").path)


def test_intermediate_files_inside_the_source_are_no_source(tmp_path, monkeypatch):
    source = tmp_path / "tables"
    source.mkdir()
    for name in "ab":
        rows = "".join(json.dumps({"text": f"{name} {number}"}) + "\n" for number in range(30))
        (source / f"{name}.jsonl").write_text(rows, encoding="utf-8")

    def stop(staging, job, units, options, log, finished):
        work.run(staging.place, job, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(preparing.beam_runner, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        data.prepare(source, MAKERS["whitespace"](), source / "out", column="text", runner="DirectRunner")
    monkeypatch.setattr(preparing.beam_runner, "run", run_here(0))
    opened = data.prepare(source, MAKERS["whitespace"](), source / "out", column="text", runner="DirectRunner")
    assert opened.train.documents + opened.validation.documents == 60


def test_a_warning_of_a_worker_is_heard_once(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [json.dumps({"text": f"row {number}"}) for number in range(20)] + ['{"text": null}']
    path.write_text("\n".join(rows), encoding="utf-8")
    arguments = {"column": "text", "bad_rows": "skip", "runner": "DirectRunner"}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        data.prepare(path, MAKERS["whitespace"](), tmp_path / "out", **arguments)
    (only,) = heard
    assert "rows.jsonl: 1 of 21 rows are skipped, because they hold no text in the column 'text'" in str(only.message)


def test_progress_counts_bytes_and_tokens(tmp_path):
    told = []
    opened = data.prepare(
        books(tmp_path / "books"), MAKERS["whitespace"](), tmp_path / "out", runner="DirectRunner",
        progress=lambda *values: told.append(values),
    )  # fmt: skip
    assert list(dict.fromkeys(stage for stage, *_ in told)) == ["reading", "learning the tokens", "writing"]
    assert told[-1][3] == len(opened.train.ids) + len(opened.validation.ids)
    assert all(0 <= done <= size for _, done, size, _ in told)
    assert told[-1][1] == told[-1][2]


def test_what_workers_cannot_do_is_refused(tmp_path):
    source = books(tmp_path / "books")
    with pytest.raises(ValueError, match="must be files for several workers"):
        data.prepare("stories:10", MAKERS["whitespace"](), tmp_path / "out", runner="DirectRunner")
    (tmp_path / "out.parts").mkdir()
    (tmp_path / "out.parts" / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="must leave room for a folder of intermediate files"):
        data.prepare(source, MAKERS["whitespace"](), tmp_path / "out", runner="DirectRunner")
    assert (tmp_path / "out.parts" / "diary.txt").read_text(encoding="utf-8") == "mine"


def test_workers_import_neither_keras_nor_tensorflow(tmp_path):
    import subprocess
    import sys

    code = "import sys, tinylm_keras.data.beam.work; print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
