"""Law: one run at a time writes in a folder, and what is refused disturbs nothing."""

import json
import re
import shutil

import pytest

from tests.training.test_train import TEXTS, TINY, Listener
from tinylm_keras import data, load_model, stories
from tinylm_keras.baselines import comparison
from tinylm_keras.cli import main
from tinylm_keras.tokenizers import WhitespaceTokenizer
from tinylm_keras.training import run_folder
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

REFUSED = "must be a folder in which no other process writes"


def test_nothing_else_trains_into_the_folder_of_a_run_and_whoever_reads_it_may(tmp_path, capsys):
    run, refusals = tmp_path / "run", []
    attempts = [{"out": run}, {"out": run, "overwrite": True}, {"resume": run}]

    def meanwhile(row):
        for attempt in attempts:
            texts = [TEXTS] if "out" in attempt else []
            with pytest.raises(ValueError, match=re.escape(f"`{next(iter(attempt))}` {REFUSED}")) as refused:
                train(*texts, **({**TINY, **attempt} if texts else attempt))
            refusals.append(str(refused.value))
        capsys.readouterr()
        assert main(["train", "--resume", str(run)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert run_folder.read(run)[0][-1]["step"] == row["step"]
        load_model(run / "model.keras")

    train(TEXTS, out=run, **{**TINY, "steps": 2, "progress": Listener(meanwhile)})
    assert len(refusals) == 3 and all("Another call in this process" in line for line in refusals)
    files = ["history.csv", "last.keras", "loss.png", "model.keras", "recipe.json", "samples.txt"]
    assert sorted(path.name for path in run.iterdir()) == files
    assert json.loads((run / "recipe.json").read_text())["result"]["steps"] == 2


def test_what_is_refused_before_training_leaves_neither_folder_nor_lock(tmp_path):
    with pytest.raises(ValueError, match="`source`"):
        train(tmp_path / "missing.txt", out=tmp_path / "a" / "run", **TINY)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_writes_token_files_into_a_folder_and_strangers_files_stay(tmp_path):
    out, tokenizer, refusals = tmp_path / "token_files", WhitespaceTokenizer().adapt(TEXTS), []
    data.prepare(TEXTS, tokenizer, out)
    strangers = [out / name for name in (".x.tmp.bin", ".notes.0123abcd.tmp.json", "notes.txt")]
    stale = out / ".validation.0123abcd.tmp.bin"
    for path in (*strangers, stale):
        path.write_text("half")

    def meanwhile(*progress):
        with pytest.raises(ValueError, match=REFUSED) as refused:
            data.prepare(TEXTS[:5], tokenizer, out, overwrite=True)
        refusals.append(refused)

    opened = data.prepare(TEXTS * 2, tokenizer, out, overwrite=True, validation=0, progress=meanwhile)
    assert refusals and opened.train.documents == 2 * len(TEXTS)
    assert all(path.exists() for path in strangers) and not stale.exists()
    assert not (out / "validation.bin").exists() and not (out / ".tinylm.lock").exists()


def test_nothing_else_compares_in_a_folder_nor_goes_on_with_one_of_its_runs(tmp_path):
    out, settings = tmp_path / "out", {"steps": 1, "context_length": 8, "jit_compile": False}
    refusals = []

    class Meanwhile(Silent):
        def step(self, *_):
            for attempt in (
                lambda: comparison.compare(stories.write(20), out, overwrite=True, **settings),
                lambda: train(resume=out / "average"),
            ):
                with pytest.raises(ValueError, match=REFUSED) as refused:
                    attempt()
                refusals.append(str(refused.value))
            raise KeyboardInterrupt  # one model is enough

    with pytest.raises(KeyboardInterrupt):
        comparison.compare(stories.write(20), out, progress=Meanwhile(), **settings)
    assert [line.split()[0] for line in refusals] == ["`out`", "`resume`"]
    assert sorted(path.name for path in out.glob("*")) == ["average", "compare.json"]


@pytest.mark.parametrize("harm", ["gone", "moved"])
def test_a_folder_that_is_gone_ends_the_run_and_nothing_is_called_good(tmp_path, harm):
    run = tmp_path / "run"

    def harmful(row):
        shutil.rmtree(run) if harm == "gone" else run.rename(tmp_path / "moved")

    with pytest.raises(RuntimeError, match=r"No such file.* at step \d") as ended:
        train(TEXTS, out=run, **{**TINY, "steps": 4, "progress": Listener(harmful)})
    message = str(ended.value)
    assert message.endswith(f"nothing is left of the run: its folder {run} is gone") and "\n" not in message
    assert not run.exists()
