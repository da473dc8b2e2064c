"""Every command that opens a model opens it behind the check of `tinylm_keras.archive`."""

import re

import pytest
from keras.src.saving import saving_lib

from tests.archive import hostile

COMMANDS = {
    "generate": ["generate", "MODEL", "the"],
    "info": ["info", "MODEL"],
    "evaluate": ["evaluate", "MODEL", "TEXT"],
    "tokenize": ["tokenize", "the cat", "--model", "MODEL"],
    "train": ["train", "TEXT", "--init", "MODEL", "--out", "OUT"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["function_as_loss", "chunked_shape", "twice"])
def test_a_hostile_model_is_refused_in_one_line_and_nothing_is_written(tinylm, tmp_path, monkeypatch, command, name):
    make, why = hostile.FILES[name]
    paths = {"MODEL": tmp_path / "model.keras", "TEXT": tmp_path / "my.txt", "OUT": tmp_path / "run"}
    make(paths["MODEL"])
    paths["TEXT"].write_text("the cat sat\nthe dog ran\n" * 20)
    monkeypatch.setattr(saving_lib, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    refusal = tinylm(*(paths.get(part, part) for part in COMMANDS[command])).refusal
    assert refusal.startswith(f"{paths['MODEL']} ")
    assert re.search(why, refusal)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras", "my.txt"]


def test_what_is_left_aside_is_one_line_and_the_answer_comes(tinylm, tmp_path):
    path = tmp_path / "model.keras"
    hostile.with_config("compile_config", loss="mse")(path)
    ended = tinylm("generate", path, "", "--max-new-tokens", 1, "--seed", 1, "--engine", "keras")
    assert ended.code == 0
    assert ended.err.count("\n") == 1
    assert "was compiled with loss='mse', which the check does not know: the model is not compiled" in ended.err
