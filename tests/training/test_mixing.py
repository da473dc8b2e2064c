"""A run that ends with a mixture: its best step, its patience and its end are those of the mixture."""

import csv
import json
import shutil

import numpy as np
import pytest

from tests.training.test_auto import SIZES, Lines, record
from tests.training.test_resume import numbers
from tinylm_keras import MixtureLM
from tinylm_keras.plots import columns
from tinylm_keras.training import checkpoint, mixing, patience
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import history as run_history
from tinylm_keras.training.checkpoint_manager import CheckpointManager
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

STEPS, EVERY = 36, 6
NETWORK = {"embed_dim": 32, "num_heads": 2, "num_blocks": 2, "feed_forward_dim": 64, "context_length": 16}
READ = {"separator": None, "split": "stretches", "layout": "packed", "validation": 0.3, "dropout": 0.0}
HOW_LONG = {"steps": STEPS, "evaluate_every": EVERY, "patience": None, "jit_compile": False}
RUN = {**SIZES, **NETWORK, **READ, **HOW_LONG, "learning_rate": 0.04, "seed": 1, "prompt": None, "progress": None}


def of_many_signs(signs=200, length=4000):
    """A text that a network learns by heart before it predicts other text: most pairs of its signs come once."""
    generator = np.random.default_rng(2)
    frequent = 1 / np.arange(1, signs + 1)
    frequent /= frequent.sum()
    after = [0.5 * frequent + 0.5 * generator.dirichlet(0.3 * signs * frequent) for _ in range(signs)]
    ids = [0]
    while len(ids) < length:
        ids.append(generator.choice(signs, p=after[ids[-1]] / after[ids[-1]].sum()))
    return "".join(chr(0x4E00 + number) for number in ids)


TEXT = [of_many_signs()]


class Stopper(Silent):
    """Ctrl-C after an evaluation."""

    def __init__(self, step):
        self.at = step

    def evaluation(self, row, sample, best):
        if row["step"] >= self.at:
            raise KeyboardInterrupt


def stop(folder, step, **settings):
    with pytest.raises(KeyboardInterrupt):
        train(TEXT, out=folder, **{**RUN, **settings, "progress": Stopper(step)})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run whose network learns its text by heart, while the mixture gets better: folder, model, and lines."""
    folder, shown = tmp_path_factory.mktemp("mixing") / "run", Lines()
    return folder, train(TEXT, out=folder, **{**RUN, "progress": shown}), shown.said


def history(folder):
    with (folder / "history.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def lowest(rows, name):
    return int(min(rows, key=lambda row: float(row[name]))["step"])


def test_the_best_step_is_that_of_the_mixture_although_its_network_alone_was_better_before(finished):
    folder, model, said = finished
    found, result = history(folder), record(folder)["result"]
    assert lowest(found, "val_loss") < lowest(found, "val_mixture_loss") == result["best_step"]
    best = next(row for row in found if int(row["step"]) == result["best_step"])
    for name in ("val_mixture_loss", "val_loss"):  # that of the network alone is for the export of the network
        assert result[f"best_{name}"] == float(best[name])
    line = f"Best: step {result['best_step']}, validation loss mixed with counts {float(best[columns.MIXTURE]):.3f}."
    assert line in [one.partition(". ")[2] for one in said]
    assert isinstance(model, MixtureLM)
    recipe = checkpoint.read(folder / "last.keras")[1].recipe
    corpus = corpora.make(TEXT, recipe, model.tokenizer)
    kept = mixing.RunMixture(model.network, mixing.count(corpus, recipe)).row()
    assert kept[columns.MIXTURE] == float(best[columns.MIXTURE])


def test_the_history_has_the_loss_of_the_mixture_beside_that_of_the_network(finished):
    folder, model, _ = finished
    [*before, mixed, bits, rate, _] = (folder / "history.csv").read_text().splitlines()[0].split(",")
    assert before[:2] == ["step", "loss"] and before[-1] == "val_bits_per_character"
    assert [mixed, bits, rate] == ["val_mixture_loss", "val_mixture_bits_per_character", "learning_rate"]
    assert model.history.history[mixed] == [float(row[mixed]) for row in history(folder)]


def test_without_counts_the_history_knows_no_mixture_and_the_network_decides(tmp_path, finished):
    train(TEXT, out=tmp_path / "run", **{**RUN, "mix_counts": False})
    alone, mixed = history(tmp_path / "run"), history(finished[0])
    assert [{name: row[name] for name in alone[0]} for row in mixed] == alone  # counts change nothing in training
    assert not any("mixture" in name for name in alone[0])
    result = record(tmp_path / "run")["result"]
    assert result["best_step"] == lowest(alone, "val_loss")
    assert "best_val_mixture_loss" not in result


def test_a_run_that_is_stopped_after_its_best_step_ends_as_without_the_stop(finished, tmp_path):
    stop(tmp_path / "run", 4 * EVERY)
    assert record(finished[0])["result"]["best_step"] < 4 * EVERY
    model = train(TEXT, resume=tmp_path / "run", progress=None)
    assert history(tmp_path / "run") == history(finished[0])
    assert all(np.array_equal(*pair) for pair in zip(numbers(model), numbers(finished[1]), strict=True))
    both = [record(folder)["result"] for folder in (tmp_path / "run", finished[0])]
    assert len({json.dumps({**one, "seconds": 0, "ended": ""}) for one in both}) == 1


def rows(networks, mixtures):
    pairs = enumerate(zip(networks, mixtures, strict=True), 1)
    return [{"step": 10 * place, "loss": 1.0, "val_loss": one, columns.MIXTURE: two} for place, (one, two) in pairs]


@pytest.mark.parametrize(
    ("networks", "mixtures", "over"),
    [
        ([2.0, 2.5, 3.0, 3.5], [1.9, 1.8, 1.7, 1.6], False),  # the network learns by heart, the mixture gains
        ([2.0, 2.5, 3.0, 3.5], [1.9, 1.8, 1.85, 1.81], True),
        ([5.0, 4.0, 3.0, 2.5], [1.5, 1.6, 1.6, 1.6], False),  # still worse than the counts, but it learns
        ([2.0, 2.5, 3.0, 3.5], [1.5, 1.6, 1.6, 1.6], True),
    ],
)
def test_patience_waits_for_the_mixture_and_for_its_network(networks, mixtures, over):
    assert patience.is_over(rows(networks, mixtures), 2) is over


def test_a_run_that_began_without_the_column_continues_to_choose_by_its_network(tmp_path, monkeypatch):
    monkeypatch.setattr(run_history, "judged_by", lambda *_: "val_loss")  # as in an earlier version
    stop(tmp_path / "run", 4 * EVERY)
    monkeypatch.undo()
    shown = Lines()
    assert isinstance(train(TEXT, resume=tmp_path / "run", progress=shown), MixtureLM)
    found, result = history(tmp_path / "run"), record(tmp_path / "run")["result"]
    assert len(found) == STEPS // EVERY and "val_mixture_loss" not in found[0]
    assert result["best_step"] == lowest(found, "val_loss")
    assert not any("missing or damaged" in line for line in shown.said)


def test_a_mixture_that_continues_without_counts_knows_the_loss_of_its_best_network(tmp_path, finished):
    shutil.copytree(finished[0], tmp_path / "run")
    _, state, _ = checkpoint.choose(tmp_path / "run")
    best = next(row for row in state.rows if row["step"] == state.best_step)
    found = checkpoint.read_best(tmp_path / "run" / "model.keras", "val_loss", state.rows)
    assert found == (best["val_loss"], state.best_step)
    assert checkpoint.read_best(tmp_path / "run" / "model.keras", "val_loss") is None
    checkpoints = CheckpointManager(None, type("Folder", (), {"file": (tmp_path / "run").joinpath})(), "val_loss")
    assert checkpoints.resume(state) == []
    assert (checkpoints.best, checkpoints.best_step) == found
