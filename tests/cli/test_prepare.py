"""`tinylm prepare`, and `tinylm train --data` and `tinylm evaluate` on what it wrote."""

import argparse
import json
import math
import shutil

import pytest

import tinylm_keras as tlm
from tinylm_keras.cli import prepare as command

LINES = [f"the {animal} {verb} {place}" for animal in ("cat", "dog") for verb in ("sat", "ran") for place in "abcdefg"]
MODEL = ["--embed-dim", "8", "--num-heads", "1", "--num-blocks", "1", "--feed-forward-dim", "8", "--prompt", "none"]


@pytest.fixture(autouse=True)
def in_a_folder_with_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.txt").write_text("\n".join(LINES))


def test_a_file_becomes_token_files_and_the_summary_says_so(tinylm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    ended = tinylm("prepare", "my.txt", "--tokenizer", "whitespace", "--out", "token_files", "--validation", "0.25")
    assert ended.code == 0
    token_files = tlm.data.open_token_files("token_files")
    assert (token_files.train.documents, token_files.validation.documents) == (21, 7)
    assert token_files.tokenizer.end_token == "<end>"
    assert token_files.sources == ["my.txt"]
    assert "folder      token_files, 16 bits a token" in ended.out
    assert "tokenizer   WhitespaceTokenizer, 15 tokens" in ended.out
    assert f"train       21 texts, 273 characters, {len(token_files.train.ids)} tokens" in ended.out
    lines = ended.err.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["Reading", "Learning the tokens", "Writing"]
    assert lines[-1] == "Train on it:  tinylm train --data token_files"


def test_options_choose_tokenizer_separator_and_several_sources(tinylm, tmp_path):
    (tmp_path / "b.txt").write_text("x|y")
    options = ["--tokenizer", "character", "--end-token", "none", "--separator", "none"]
    assert tinylm("prepare", "my.txt", "b.txt", "--out", "token_files", "--validation", "0", *options).code == 0
    token_files = tlm.data.open_token_files("token_files")
    assert token_files.tokenizer.detokenize(token_files.train.ids) == "\n".join(LINES) + "x|y"
    assert token_files.validation is None
    assert token_files.sources == ["my.txt", "b.txt"]
    options = ["--tokenizer", "byte-pair", "--max-tokens", "270", "--overwrite"]
    assert tinylm("prepare", "my.txt", "--out", "token_files", *options).code == 0
    assert tlm.data.open_token_files("token_files").tokenizer.vocabulary_size() == 270


def test_the_tokenizer_of_a_model_can_be_used(tinylm, run_folder):
    assert tinylm("prepare", "my.txt", "--model", run_folder, "--out", "token_files").code == 0
    tokenizer = tlm.load_model(run_folder / "model.keras").tokenizer
    assert tlm.data.open_token_files("token_files").tokenizer.fingerprint() == tokenizer.fingerprint()
    refused = tinylm("prepare", "my.txt", "--model", run_folder, "--out", "x", "--max-tokens", "50").refusal
    assert (
        refused == "`--max-tokens` must be left out with --model. Received: --max-tokens 50. See: tinylm prepare --help"
    )


def test_a_run_on_token_files_can_be_trained_and_evaluated(tinylm, tmp_path):
    tinylm("prepare", "my.txt", "--tokenizer", "character", "--out", "token_files", "--validation", "0.25")
    options = ["--steps", "4", "--evaluate-every", "2", "--context-length", "8", "--batch-size", "4", *MODEL]
    assert tinylm("train", "--data", "token_files", "--out", "run", *options).code == 0
    ended = tinylm("evaluate", "run", "--json")
    assert (ended.code, ended.err) == (0, f"Reading {tmp_path}/token_files, named by the run's record.\n")
    text = json.loads(ended.out)["text"]
    history = (tmp_path / "run" / "history.csv").read_text().splitlines()
    best = min(float(row.split(",")[history[0].split(",").index("val_loss")]) for row in history[1:])
    assert text["loss"] == pytest.approx(best, rel=1e-4)
    assert text["of"] == "the held-out part of token_files"
    assert (text["texts"], text["layout"], text["unigram_of"]) == (7, "packed", "training text")
    validation = tlm.data.open_token_files("token_files").validation
    assert text["tokens"] == validation.tokens
    model = tlm.load_model("run/model.keras")
    expected = tlm.data.windows(validation, context_length=8, batch_size=32).bits_per_character(
        math.log(text["perplexity"])
    )
    assert text["bits_per_character"] == pytest.approx(expected)
    texts = [piece for piece in LINES if piece]
    assert model.tokenizer.unknown_tokens(texts).total() == 0

    tinylm(
        "prepare", "my.txt", "--tokenizer", "character", "--out", "token_files", "--validation", "0.5", "--overwrite"
    )
    assert "token_files no longer holds the token files of the run" in tinylm("evaluate", "run").refusal
    shutil.rmtree("token_files")
    problem = f"the token files of the run cannot be read again ({tmp_path}/token_files)"
    assert problem in tinylm("evaluate", "run").refusal
    assert tinylm("evaluate", "run", "my.txt").code == 0


def test_train_takes_text_or_token_files(tinylm):
    refused = tinylm("train", "my.txt", "--data", "token_files").refusal
    assert refused == "`source` must be left out with --data. Received: source='my.txt'."
    assert tinylm("train", "--data", "missing").refusal.startswith("`folder` must be a folder of token files.")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no.txt"], "`source` must be a file, a folder or a pattern that exists. Received: source='no.txt'."),
        (["blank.txt"], "`source` must hold text, but there is only white space or nothing. Received: source='blank."),
        (["my.txt", "--tokenizer", "bytes"], "`--tokenizer` must be one of 'whitespace',"),
        (["my.txt", "--validation", "1"], "`--validation` must be a number in [0, 1). Received: --validation 1.0."),
        (["one.txt"], "`--validation` must leave text in both parts, but gives 1 texts for training and 0 for"),
        (
            ["my.txt", "--encoding", "no"],
            "`--encoding` must be a text encoding that Python knows. Received: --encoding no",
        ),
        (["my.txt", "--model", "no.keras"], "`--model` must be a .keras file that exists. Received: --model no.keras."),
        (
            ["my.txt", "--out", "there"],
            "`--out` must be a new folder, but it exists. Received: --out there. Choose another",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(tinylm, tmp_path, arguments, line):
    (tmp_path / "blank.txt").write_text("\n \n")
    (tmp_path / "one.txt").write_text("a")
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))
    ended = tinylm("prepare", "--out", "new", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith(f"tinylm: {line}")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def workers_here(monkeypatch):
    """The stages of a Beam runner, run in this process; the options that Beam would get."""
    from tinylm_keras.data.beam import options, preparing, work

    got = []

    def run(staging, job, units, options, log, finished):
        got[:] = options
        for number in range(units):
            work.run(staging.place, job, number)
        finished(staging.finished(job))

    monkeypatch.setattr(preparing.beam_runner, "run", run)
    monkeypatch.setattr(options, "_check_runner", lambda runner: None)
    monkeypatch.setattr(options, "_check_values", lambda given: None)
    monkeypatch.setattr(options, "_actions", lambda: {"--direct_num_workers": argparse.Namespace(nargs=None)})
    monkeypatch.setattr(options, "is_installed", lambda: True)
    return got


def test_a_runner_gets_the_options_that_are_not_ours_and_writes_the_same_files(tinylm, tmp_path, workers_here):
    settings = ["--tokenizer", "character", "--validation", "0.25"]
    assert tinylm("prepare", "my.txt", *settings, "--out", "one").code == 0
    with_runner = ["--runner", "DirectRunner", "--direct_num_workers", "2"]
    ended = tinylm("prepare", *with_runner, "my.txt", *settings, "--out", "workers")
    assert ended.code == 0
    assert workers_here == ["--runner=DirectRunner", "--direct_num_workers=2"]
    for path in (tmp_path / "one").iterdir():
        if not path.name.startswith("."):
            assert path.read_bytes() == (tmp_path / "workers" / path.name).read_bytes()
    assert "read        " in ended.out


def test_a_mistyped_option_is_refused_with_the_one_that_beam_knows(tinylm, workers_here):
    ended = tinylm("prepare", "my.txt", "--out", "x", "--runner", "DirectRunner", "--direct_num_worker", "2")
    assert "Did you mean --direct_num_workers?" in ended.refusal
    assert "No such option" in tinylm("prepare", "my.txt", "--out", "x", "--direct_num_workers", "2").refusal


def test_a_runner_without_beam_is_refused_with_what_to_install(tinylm, monkeypatch):
    from tinylm_keras.data.beam import options

    monkeypatch.setattr(options, "is_installed", lambda: False)
    options._actions.cache_clear()
    ended = tinylm("prepare", "my.txt", "--out", "x", "--runner", "DirectRunner", "--direct_num_workers", "2")
    options._actions.cache_clear()
    assert "Run: pip install 'tinylm-keras[beam]'" in ended.refusal


@pytest.mark.parametrize("runner", ["DirectRunner", "directrunner", "FlinkRunner"])
def test_a_misspelled_option_of_ours_is_not_handed_to_beam(tinylm, workers_here, runner):
    typed = ["my.txt", "--out", "x", "--runner", runner]
    assert "No such option: --max-token" in tinylm("prepare", *typed, "--max-token", "10").refusal
    assert "No such option: --validaton" in tinylm("prepare", "--validaton=0", *typed).refusal


def test_an_address_is_read_by_a_runner_alone(tinylm):
    ended = tinylm("prepare", "gs://bucket/books/", "--out", "x")
    assert "must be local or mounted, not an address" in ended.refusal
    assert "must be local or mounted, not an address" in tinylm("train", "gs://bucket/a.txt", "--out", "x").refusal


def test_a_stop_says_how_the_workers_continue(tinylm, workers_here, monkeypatch):
    from tinylm_keras.data.beam import preparing

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(preparing.beam_runner, "run", stop)
    ended = tinylm("prepare", "my.txt", "--out", "x", "--runner", "DirectRunner")
    assert ended.code == 130
    assert "Stopped. To continue, give the same command with --out x" in ended.err


def test_the_live_line_says_how_far_and_how_fast(monkeypatch):
    clock = iter([10.0, 10.0, 12.0, 12.0, 12.0])
    monkeypatch.setattr(command.time, "monotonic", lambda: next(clock))
    pace = command.Pace()
    assert pace.line("writing", 0, 40_000_000, 0) == "writing  0 bytes of 40 MB"
    assert pace.line("writing", 20_000_000, 40_000_000, 5_000) == "writing  20 MB of 40 MB  10 MB/s  5,000 tokens"
    assert pace.line("reading", 100, None, 0) == "reading  100 bytes"


def test_a_refusal_of_a_small_text_is_one_line_alone(tinylm, tmp_path):
    (tmp_path / "two.txt").write_text("a b\na b\n")
    typed = ["two.txt", "--separator", r"\n", "--out", "x", "--validation", "0.5"]
    assert "must leave text in both parts" in tinylm("prepare", *typed).refusal
