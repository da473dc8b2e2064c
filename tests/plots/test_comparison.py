"""Laws of the picture of a comparison."""

import re

import pytest

from tinylm_keras.plots import draw_comparison


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


def test_a_deviation_becomes_an_error_bar_and_a_number():
    results = [{"name": "counted", "bits_per_character": 4.5, "trained": False, "deviation": None}]
    results.append({"name": "learned", "bits_per_character": 2.25, "trained": True, "deviation": 0.125})
    figure = draw_comparison(results)
    [axes] = figure.axes
    assert {"4.500", "2.250 ± 0.125"} <= {text.get_text() for text in axes.texts}
    [bar] = axes.containers[2:] if len(axes.containers) > 2 else axes.containers[-1:]
    [segment] = bar.lines[2][0].get_segments()
    assert [segment[0][0], segment[1][0]] == [2.125, 2.375]
    assert "deviation over seeds" in figure.get_supxlabel()
    assert draw_comparison(results[:1]).get_supxlabel() == ""
