"""Laws of the pictures."""

import itertools
import math
import re
import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras import plots
from tinylm_keras._terminal import printable
from tinylm_keras.plots import draw, draw_comparison, draw_runs, loss_plot, round_perplexities

HISTORY = [{"step": 10 * i, "loss": 3.0 / i, "val_loss": 3.2 / i + 0.05 * i} for i in range(1, 12)]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def perplexities(figure):
    """The ticks of the right axis: their places as losses, and their labels."""
    figure.canvas.draw()
    [axis] = figure.axes[0].child_axes
    low, high = figure.axes[0].get_ylim()
    places = [place for place in axis.get_yticks() if low <= place <= high]
    return places, [axis.yaxis.get_major_formatter()(place) for place in places]


def test_the_picture_is_a_png_written_whole(tmp_path):
    path = tmp_path / "loss.png"
    path.write_text("old")
    loss_plot(HISTORY, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["loss.png"]


def test_both_curves_and_the_best_step_are_drawn():
    figure = draw(HISTORY)
    axes = figure.axes[0]
    labels = legend(figure)
    best = min(HISTORY, key=lambda row: row["val_loss"])
    assert labels[:2] == ["training", "validation"]
    assert labels[2].startswith(f"best: step {best['step']}, loss {best['val_loss']:.3f}, perplexity ")
    assert list(axes.lines[1].get_ydata()) == [row["val_loss"] for row in HISTORY]


def test_without_validation_the_best_is_the_lowest_training_loss():
    assert legend(draw([{"step": 1, "loss": 0.5}])) == ["training", "best: step 1, loss 0.500, perplexity 1.65"]


def test_a_loss_that_is_not_a_number_does_not_spoil_the_picture(tmp_path):
    loss_plot(
        [{"step": 1, "loss": math.nan}, {"step": 2, "loss": math.inf}, {"step": 3, "loss": 900.0}], tmp_path / "a.png"
    )


def test_an_empty_history_is_refused(tmp_path):
    with pytest.raises(ValueError, match=re.escape("`history` must hold at least one row. Received: history=[].")):
        loss_plot([], tmp_path / "loss.png")
    assert not list(tmp_path.iterdir())


@given(st.floats(0, 12), st.floats(-5, 1.2))
def test_perplexities_on_the_axis_are_round_within_it_and_three_to_seven(low, power):
    high = low + 10**power
    values = round_perplexities(low, high)
    assert 3 <= len(values) <= 7
    assert values == sorted(set(values))
    assert all(low - 1e-8 <= math.log(value) <= high + 1e-8 for value in values)
    if values[-1] > 3 * values[0]:
        assert all(f"{value:.1e}"[:3] in ("1.0", "1.5", "2.0", "3.0", "4.0", "5.0", "7.0") for value in values)


def test_ticks_are_the_numbers_that_one_expects():
    assert round_perplexities(math.log(1.9), math.log(7.5)) == [2, 3, 4, 5, 7]
    assert round_perplexities(math.log(2.1), math.log(4.3)) == [2.5, 3, 3.5, 4]
    assert round_perplexities(math.log(9), math.log(60_000)) == [10, 100, 1000, 10_000]
    assert round_perplexities(1.0, 1.0) == []


@pytest.mark.parametrize(
    ("losses", "fewest"), [([1.938], 3), ([4.2, 1.9], 3), ([0.0013, 0.001], 3), ([10.0, 0.001], 3), ([1.1, 1.10001], 3)]
)
def test_every_run_has_steps_from_zero_and_perplexities_that_can_be_read(losses, fewest):
    history = [{"step": 250 * (place + 1), "loss": loss, "val_loss": loss} for place, loss in enumerate(losses)]
    figure = draw(history)
    places, labels = perplexities(figure)
    assert len(places) >= fewest
    assert len(set(labels)) == len(labels)
    low, high = figure.axes[0].get_ylim()
    assert high - low >= 0.05 * max(losses)
    left, right = figure.axes[0].get_xlim()
    assert left <= 0 and right >= history[-1]["step"]
    assert min(step for step in figure.axes[0].get_xticks() if step >= left) == 0


def test_the_legend_lies_over_no_curve():
    figure = draw(HISTORY)
    figure.canvas.draw()
    assert not figure.legends[0].get_window_extent().overlaps(figure.axes[0].get_window_extent())


def test_one_sentence_says_why_training_may_lie_above_validation_where_it_may():
    assert "dropout" in draw(HISTORY).get_supxlabel()
    assert "\n" not in draw(HISTORY).get_supxlabel()
    assert draw([{"step": 1, "loss": 1.0}]).get_supxlabel() == ""
    assert draw([{"step": 1, "loss": 3.0, "train_loss": 2.0, "val_loss": 2.5}]).get_supxlabel() == ""


def test_what_is_missing_or_infinite_is_left_out_of_a_curve_and_the_rest_is_drawn():
    rows = [{"step": 1, "loss": math.inf, "val_loss": None}, {"step": 2, "loss": 2.0, "val_loss": 2.5}]
    rows += [{"step": 3, "loss": 1.0, "val_loss": math.nan}]
    figure = draw(rows)
    assert legend(figure) == ["training", "validation", "best: step 2, loss 2.500, perplexity 12.2"]
    trained, evaluated = (list(line.get_ydata()) for line in figure.axes[0].lines[:2])
    assert trained[1:] == [2.0, 1.0] and math.isnan(trained[0])
    assert evaluated[1] == 2.5 and math.isnan(evaluated[0]) and math.isnan(evaluated[2])
    assert legend(draw([{"step": 1, "loss": math.nan}])) == ["training"]
    runs = draw_runs({"a": rows, "b": [{"step": 1, "loss": 1.0, "val_loss": math.inf}]})
    assert legend(runs) == ["b: never finite", "a: 2.500 at step 2"]


def test_a_history_without_a_column_is_refused():
    for history, name in (([{"step": 1}], "loss"), ([{"loss": 1.0}], "step")):
        with pytest.raises(ValueError, match=f"`history` must have `{name}` in every row"):
            draw(history)


def test_drawing_leaves_the_global_backend_alone(tmp_path):
    code = (
        "import sys; from tinylm_keras.plots import loss_plot; assert 'matplotlib' not in sys.modules; "
        f"loss_plot([{{'step': 1, 'loss': 1.0}}], {str(tmp_path / 'a.png')!r}); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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


def test_the_comparison_has_a_bar_and_a_number_for_each_baseline():
    results = [{"name": "counted", "bits_per_character": 4.5, "trained": False}]
    results.append({"name": "learned", "bits_per_character": 2.25, "trained": True})
    axes = draw_comparison(results).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [4.5, 2.25]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["counted", "learned"]
    assert {"4.500", "2.250"} <= {text.get_text() for text in axes.texts}
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    with pytest.raises(ValueError, match=re.escape("`results` must be at least one. Received: results=[].")):
        draw_comparison([])


def test_an_estimated_training_loss_is_drawn_in_place_of_the_running_mean():
    axes = draw([{"step": 1, "loss": 3.0, "train_loss": 2.0, "val_loss": 2.5}]).axes[0]
    assert list(axes.lines[0].get_ydata()) == [2.0]


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


def test_large_numbers_of_steps_do_not_run_into_each_other():
    history = [{**row, "step": 100_000 * row["step"]} for row in HISTORY]
    for figure in (draw(history), draw_runs({"the name of the first of the runs": history, "b": history})):
        figure.canvas.draw()
        boxes = [tick.get_window_extent() for tick in figure.axes[0].get_xticklabels()]
        assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))
