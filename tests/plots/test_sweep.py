"""Laws of the picture of a sweep."""

from tinylm_keras.plots import draw_sweep


def drawn(values, **more):
    rows = [{"value": value, "bits_per_character": float(place + 1), **more} for place, value in enumerate(values)]
    return draw_sweep(rows, "setting").axes[0]


def test_numbers_that_span_a_decade_have_a_logarithmic_axis_with_each_value_on_it():
    for values, scale in (([1e-4, 1e-3, 1e-2], "log"), ([1, 2, 4], "linear"), ([0.0, 0.1, 10.0], "linear")):
        axes = drawn(values)
        assert axes.get_xscale() == scale
        assert list(axes.get_xticks()) == values
        assert list(axes.lines[0].get_xdata()) == values  # joined by a line


def test_choices_lie_side_by_side_and_no_line_joins_them():
    for values in (["pre", "post"], [True, False], [None, 1.0]):
        axes = drawn(values)
        assert list(axes.get_xticks()) == [0, 1]
        assert list(axes.lines[0].get_xdata()) == []
    assert [text.get_text() for text in axes.get_xticklabels()] == ["none", "1.0"]


def test_a_diverged_value_is_at_the_top_and_not_on_the_line():
    rows = [{"value": 0.1, "bits_per_character": 2.0, "best": True}, {"value": 0.2, "bits_per_character": 1.0}]
    rows[1]["diverged"] = 1
    figure = draw_sweep([*rows, {"value": 0.3, "bits_per_character": None, "diverged": 3}], "learning_rate")
    assert list(figure.axes[0].lines[0].get_xdata()) == [0.1]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["best: 0.1, 2.000", "diverged"]
    assert figure.alt_text == (
        "Bits per character by learning_rate: 0.1 2.000; 0.2 1.000 diverged; 0.3 diverged. Best: 0.1."
    )
