"""Tables and texts of notebooks: escaped, shaded by value, and the same as plain text."""

import math
import re

import pytest

from tinylm_keras.notebook import coloured, quote, shaded, table


def opacities(shown):
    return [float(found) for found in re.findall(r"background:rgba\([\d,]+,([\d.]+)\)", shown._repr_html_())]


def test_what_a_text_contains_is_shown_and_not_obeyed():
    strange = "<script>alert(1)</script>\x1b[31m &"
    for shown in (table(["a"], [[strange]]), quote(strange), coloured([strange], [1]), shaded([[1]], [strange], ["b"])):
        assert "<script>" not in shown._repr_html_()
        assert "&lt;script&gt;" in shown._repr_html_()
        assert "\x1b" not in shown._repr_html_()


def test_the_plain_text_has_the_columns_of_the_table():
    assert repr(table(["token", "id"], [["the", 2], ["elephant", 31]])) == "token     id\nthe       2\nelephant  31"


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        table(["a", "b"], [["only one"]])


def test_the_largest_number_has_the_strongest_background_and_signs_have_two_colours():
    shown = shaded([[4, 2, -4]], ["row"], ["a", "b", "c"])
    assert opacities(shown) == [0.6, 0.3, 0.6]
    blue, _, orange = re.findall(r"background:rgba\(([\d,]+),", shown._repr_html_())
    assert blue != orange


def test_a_number_that_is_not_there_is_an_empty_grey_cell():
    shown = shaded([[math.nan, 0.5]], ["row"], ["masked", "seen"], full=1)
    assert "nan" not in shown._repr_html_()
    assert opacities(shown) == [0.35, 0.3]


def test_all_zeros_and_infinity_have_a_background_too():
    assert opacities(shaded([[0, 0]], ["row"], ["a", "b"])) == [0, 0]
    assert opacities(shaded([[-math.inf, 1]], ["row"], ["a", "b"])) == [0.6, 0.6]


def test_a_long_text_is_cut_and_a_blank_word_is_visible():
    assert repr(quote("abcdef", longest=3)) == "abc …"
    assert "␣" in coloured([" "], [0])._repr_html_()
