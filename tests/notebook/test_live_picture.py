"""The picture of a training run in a notebook."""

import IPython.display

import tinylm_keras as tlm
from tinylm_keras.notebook import LivePicture


def test_a_run_is_drawn_at_each_evaluation_and_its_lines_are_kept(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    monkeypatch.setattr(IPython.display, "clear_output", lambda wait: shown.clear())
    picture = LivePicture()
    texts = ["the cat sleeps all day", "a dog runs in the park", "the bird sings to us"]
    tlm.train(texts, preset="tinylm", steps=4, evaluate_every=2, prompt="the cat", progress=picture)
    assert [row["step"] for row in picture.rows] == [2, 4]
    figure, samples = shown  # of the last evaluation alone
    assert figure.axes
    assert repr(samples).splitlines()[0].split()[0] == "step"
    assert len(repr(samples).splitlines()) == 3
    assert any("parameters" in line for line in picture.lines)
    assert picture.lines[-1].startswith("Trained in")
