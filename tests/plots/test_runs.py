"""Laws of the picture of several runs."""

import re
import warnings

import pytest

from tinylm_keras import plots
from tinylm_keras._terminal import printable
from tinylm_keras.plots import draw_runs

HISTORY = [{"step": 10 * i, "loss": 3.0 / i, "val_loss": 3.2 / i + 0.05 * i} for i in range(1, 12)]


def test_several_runs_are_in_the_legend_from_the_worst_to_the_best():
    runs = {
        name: [{**row, "val_loss": row["val_loss"] + more} for row in HISTORY] for name, more in (("a", 0), ("b", 1))
    }
    figure = draw_runs(runs)
    lowest = min(row["val_loss"] for row in HISTORY)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [label.split(":")[0] for label in labels] == ["b", "a"]
    assert labels[1].startswith(f"a: {lowest:.3f} at step ")
    assert figure.axes[0].get_ylabel() == "validation loss (nats per token)"
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [
        [row["val_loss"] for row in history] for history in runs.values()
    ]


def test_many_runs_have_lines_that_differ():
    figure = draw_runs({str(number): HISTORY for number in range(20)})
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 20


def test_runs_that_cannot_be_compared_are_refused():
    for runs, value, message in (
        ({}, "val_loss", "`runs` must be at least one, each with a row. Received: runs={}."),
        ({"a": []}, "val_loss", "`runs` must be at least one, each with a row."),
        ({"a": [{"step": 1, "loss": 1.0}]}, "val_loss", "`value` must be in the rows of all runs, but is not in a."),
        ({"a": HISTORY}, "seconds", "`value` must be one of 'loss', 'val_loss', 'val_bits_per_character'."),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            draw_runs(runs, value)


@pytest.mark.parametrize("name", ["a$\\frac{$", "$x$", "_hidden", "a\x1b]0;t\x07b", "two\nlines", "%s {0}"])
def test_the_name_of_a_run_is_text_and_no_formula(tmp_path, name):
    history = [{"step": 1, "loss": 2.0, "val_loss": 2.0}, {"step": 2, "loss": 1.0, "val_loss": 1.0}]
    figure = plots.draw_runs({name: history, "other": history})
    plots.save(figure, tmp_path / "runs.png")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert f"{printable(name)}: 1.000 at step 2" in texts
    assert len(texts) == 2


def test_names_that_are_long_or_lack_a_letter_and_many_runs_leave_room_for_the_curves(tmp_path):
    long, foreign = "runs/" + "x" * 300 + "/seed_1", "\u65e5\u672c \U0001f642"
    names = [long, foreign, *(f"run {number}" for number in range(50))]
    figure = draw_runs(dict.fromkeys(names, HISTORY))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib says so where something has no room or no letter
        plots.save(figure, tmp_path / "runs.png")
    labels = [text.get_text().partition(":")[0] for text in figure.legends[0].get_texts()]
    assert all(len(label) <= 40 for label in labels)
    assert any(label.startswith("runs/xx") and label.endswith("xx/seed_1") for label in labels)
    assert "\\u65e5\\u672c \\U0001f642" in labels
    assert figure.axes[0].get_window_extent().width > 300
    legend = figure.legends[0].get_window_extent()
    assert legend.y0 >= 0 and legend.y1 <= figure.bbox.height
