"""Laws of the picture of one run."""

import itertools
import math
import re
import subprocess
import sys

import pytest

from tinylm_keras.plots import draw, draw_overfitting, draw_runs, loss_plot

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


def test_of_a_mixture_the_best_step_is_its_own():
    history = [{**row, "val_mixture_loss": 2.0 / row["step"]} for row in HISTORY]
    figure, last = draw(history), history[-1]
    labels = legend(figure)
    assert labels[:3] == ["training", "validation", "validation, mixed with counts"]
    assert labels[3].startswith(f"best: step {last['step']}, loss {last['val_mixture_loss']:.3f}, perplexity ")
    assert figure.alt_text.endswith("Lowest validation loss mixed with counts: 0.018 at step 110 of 110.")
    assert draw_overfitting(history).alt_text == draw_overfitting(HISTORY).alt_text  # of the network alone


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


def test_a_history_of_keras_is_drawn_as_its_rows_and_without_steps_by_epochs():
    columns = {name: [row[name] for row in HISTORY] for name in HISTORY[0]}
    assert draw(columns).alt_text == draw(HISTORY).alt_text
    del columns["step"]
    figure = draw(columns)
    assert figure.axes[0].get_xlabel() == "epoch" and "best: epoch 8," in legend(figure)[2]
    assert "at epoch 8 of 11" in draw_overfitting(columns).alt_text
    with pytest.raises(ValueError, match="`history` must have columns of one length"):
        draw({"loss": [1.0], "val_loss": [1.0, 2.0]})


def test_drawing_leaves_the_global_backend_alone(tmp_path):
    code = (
        "import sys; from tinylm_keras.plots import loss_plot; assert 'matplotlib' not in sys.modules; "
        f"loss_plot([{{'step': 1, 'loss': 1.0}}], {str(tmp_path / 'a.png')!r}); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_estimated_training_loss_is_drawn_in_place_of_the_running_mean():
    axes = draw([{"step": 1, "loss": 3.0, "train_loss": 2.0, "val_loss": 2.5}]).axes[0]
    assert list(axes.lines[0].get_ydata()) == [2.0]


def test_large_numbers_of_steps_do_not_run_into_each_other():
    history = [{**row, "step": 100_000 * row["step"]} for row in HISTORY]
    for figure in (draw(history), draw_runs({"the name of the first of the runs": history, "b": history})):
        figure.canvas.draw()
        boxes = [tick.get_window_extent() for tick in figure.axes[0].get_xticklabels()]
        assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


def test_after_the_best_step_of_an_overfitting_run_the_picture_is_shaded_and_the_sentence_says_by_how_much():
    figure = draw_overfitting(HISTORY)
    [span] = figure.axes[0].patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (80, 110)
    assert "after the best step" in legend(figure)
    assert figure.alt_text.endswith(
        "It overfits: the validation loss has risen by 0.041 since, the training loss has fallen by 0.102."
    )
    assert draw_overfitting(HISTORY[:3]).alt_text.endswith("Its last point is its best: it does not overfit.")
    diverged = [{**row, "loss": 1.0 + row["step"]} for row in HISTORY]
    assert "It gets worse: the validation loss has risen by 0.041" in draw_overfitting(diverged).alt_text


def test_overfitting_cannot_be_seen_without_a_validation_loss():
    with pytest.raises(ValueError, match="`history` must have a `val_loss`"):
        draw_overfitting([{"step": 1, "loss": 1.0}])
