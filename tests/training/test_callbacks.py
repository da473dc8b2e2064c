"""Laws of the public callbacks."""

import re
import zipfile

import numpy as np
import pytest

from tinylm_keras import load_model
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import WhitespaceTokenizer
from tinylm_keras.training import callbacks
from tinylm_keras.training.callbacks import BestModel, SampleText, save_with_score


def tiny_model():
    tokenizer = WhitespaceTokenizer(vocabulary=["a", "b", "c"])
    model = MiniLM(tokenizer=tokenizer, context_length=4, embed_dim=4, num_heads=1, feed_forward_dim=4, num_blocks=1)
    model.compile(jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def first_weight(path):
    return load_model(path).weights[0].numpy()[0, 0]


def run(path, *scores):
    """Follow a fit whose scores are given; before epoch i the first weights are set to i. Returns the callback."""
    callback = BestModel(path)
    callback.set_model(tiny_model())
    callback.on_train_begin()
    for epoch, score in enumerate(scores):
        callback.model.weights[0].assign(np.full(callback.model.weights[0].shape, epoch, "float32"))
        callback.on_epoch_end(epoch, {"val_loss": score})
    return callback


def test_the_lowest_score_stays_in_the_file(tmp_path):
    path = tmp_path / "best.keras"
    run(path, 0.7, 0.5, 0.6)
    assert first_weight(path) == 1


def test_the_best_score_survives_a_restart(tmp_path):
    path = tmp_path / "best.keras"
    run(path, 0.5)
    before = path.read_bytes()
    assert run(path, 0.9).best == 0.5
    assert path.read_bytes() == before
    run(path, 0.9, 0.4)
    assert first_weight(path) == 1


def test_a_file_that_was_moved_away_is_not_to_be_beaten_any_more(tmp_path):
    path = tmp_path / "best.keras"
    callback = run(path, 0.5)
    path.rename(tmp_path / "moved.keras")
    callback.on_epoch_end(1, {"val_loss": 0.9})  # in the middle of a fit
    assert callback.best == 0.9 and path.exists()
    path.rename(tmp_path / "moved.keras")
    callback.on_train_begin()  # of the next
    callback.on_epoch_end(0, {"val_loss": 1.5})
    assert callback.best == 1.5 and path.exists()


def test_a_file_whose_score_is_not_a_number_is_refused(tmp_path):
    path = tmp_path / "best.keras"
    save_with_score(tiny_model(), path, "val_loss", float("nan"))
    with pytest.raises(ValueError, match="move that file away"):
        run(path, 0.1)


def test_a_score_that_is_not_a_number_is_never_the_best(tmp_path):
    path = tmp_path / "best.keras"
    assert run(path, float("nan"), 0.3, float("nan")).best == 0.3
    assert first_weight(path) == 1


def test_the_best_file_holds_nothing_beside_it(tmp_path):
    run(tmp_path / "best.keras", 0.5, 0.4)
    assert [path.name for path in tmp_path.iterdir()] == ["best.keras"]


def test_a_file_without_a_score_is_not_overwritten(tmp_path):
    path = tmp_path / "mine.keras"
    for content in (None, b"", b"PK"):
        if content is None:
            tiny_model().save(path)
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        message = (
            f"`path` must be new or hold a model with its val_loss. Received: path='{path}'. "
            "Choose another path, or move that file away."
        )
        with pytest.raises(ValueError, match=re.escape(message)):
            run(path, 0.1)
        assert path.read_bytes() == before


def test_best_model_refuses_what_it_cannot_follow(tmp_path):
    with pytest.raises(ValueError, match=re.escape("`path` must end in .keras. Received: path='best.h5'.")):
        BestModel("best.h5")
    with pytest.raises(TypeError, match=re.escape("`monitor` must be a string. Received: monitor=1.")):
        BestModel("best.keras", monitor=1)
    callback = BestModel(tmp_path / "best.keras")
    message = (
        "`monitor` must be reported by fit. Received: monitor='val_loss'. There are: loss. "
        "Give fit validation_data, or watch one of these."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        callback.on_epoch_end(0, {"loss": 1.0})


def test_samples_are_shown_every_few_epochs():
    shown = []
    callback = SampleText(every=2, prompts=["a", "b c"], max_new_tokens=0, out=shown.append)
    callback.set_model(tiny_model())
    for epoch in range(5):
        callback.on_epoch_end(epoch, {})
    assert shown == ["a", "b c"] * 2


def test_a_sample_is_printed_by_default(capsys):
    callback = SampleText(prompts="a", max_new_tokens=0)
    callback.set_model(tiny_model())
    callback.on_epoch_end(0)
    assert capsys.readouterr().out == "a\n"


def test_sample_text_refuses_what_it_cannot_show():
    for arguments, error, message in (
        ({"every": 0}, ValueError, "`every` must be a whole number of at least 1. Received: every=0."),
        ({"prompts": []}, ValueError, '`prompts` must hold at least one prompt. Received: prompts=[]. Pass "" to'),
        ({"prompts": [1]}, TypeError, "`prompts` must be a string. Received: prompts=1."),
        ({"out": 1}, TypeError, "`out` must be a function of one string. Received: out=1."),
        ({"seed": -1}, ValueError, "`seed` must be a whole number of at least 0. Received: seed=-1."),
    ):
        with pytest.raises(error, match=re.escape(message)):
            SampleText(**arguments)


@pytest.mark.parametrize("comment", [b"[" * 60_000, b'{"val_loss": [1]}', b"[1]", b"\xff", b""])
def test_a_comment_that_is_no_score_is_refused_in_one_line(tmp_path, comment):
    path = tmp_path / "best.keras"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a", "b")
        opened.comment = comment
    with pytest.raises(ValueError, match="must be new or hold a model with its val_loss") as caught:
        callbacks.read_score(path, "val_loss")
    assert "\n" not in str(caught.value)
