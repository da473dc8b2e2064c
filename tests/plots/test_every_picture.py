"""Laws of all pictures: one style, a sentence for those who do not see them, and room for every letter."""

import base64
import inspect
import json

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

from tinylm_keras import plots
from tinylm_keras.plots import style
from tinylm_keras.schedules import Decay

HISTORY = [{"step": 10 * i, "loss": 3.0 / i, "val_loss": 3.2 / i + 0.09 * i} for i in range(1, 12)]
WORDS = ["<end>", "One", "day,", "Lily", "went", "to", "the", "park", "with", "her", "grandmother", "$x^2$"]
RANDOM = np.random.default_rng(0)


def attention(count):
    weights = np.tril(RANDOM.random((2, 2, count, count))) + 1e-9 * np.eye(count)
    return weights / weights.sum(-1, keepdims=True)


PICTURES = {
    "draw": lambda: plots.draw(HISTORY),
    "draw_overfitting": lambda: plots.draw_overfitting(HISTORY),
    "draw_runs": lambda: plots.draw_runs({"one $\\frac{$": HISTORY, "two": HISTORY}),
    "draw_comparison": lambda: plots.draw_comparison(
        [
            {"name": "counted", "bits_per_character": 4.0, "trained": False},
            {"name": "learned $x$", "bits_per_character": 2.0, "trained": True, "deviation": 0.1},
        ]
    ),
    "draw_schedule": lambda: plots.draw_schedule({"constant": 0.01, "cosine": Decay(0.01, 200, 20, 0.1, "cosine")}),
    "draw_residual_lengths": lambda: plots.draw_residual_lengths({"pre": RANDOM.random((4, 7)), "post": [1, 1, 1, 1]}),
    "draw_shift": lambda: plots.draw_shift(["<end>", *WORDS, "pad"], pad="pad"),
    "draw_token_rows": lambda: plots.draw_token_rows(
        {"words": WORDS, "letters": list("One day")}, ids={"words": range(len(WORDS)), "letters": range(7)}
    ),
    "draw_mask": lambda: plots.draw_mask(WORDS, RANDOM.normal(size=(len(WORDS), len(WORDS)))),
    "draw_attention": lambda: plots.draw_attention(WORDS, attention(len(WORDS))),
    "draw_next_token": lambda: plots.draw_next_token(
        WORDS, {"temperature 1": np.full(12, 1 / 12), "top-k 1": np.eye(12)[3], "top-p 0.5": np.eye(12)[0]}
    ),
    "draw_sweep": lambda: plots.draw_sweep(
        [
            {"value": 1e-4, "bits_per_character": 3.0, "deviation": 0.1},
            {"value": 1e-2, "bits_per_character": 2.0, "deviation": 0.2, "best": True},
            {"value": 1.0, "bits_per_character": None, "diverged": 3},
        ],
        "learning_rate",
    ),
    "draw_temperatures": lambda: plots.draw_temperatures(
        [0.5, 1], {"consistent": [1, 0.5], "different words": [0.1, 0.4]}
    ),
    "draw_matrices": lambda: plots.draw_matrices(
        {"token": RANDOM.normal(size=(12, 32)), "place": RANDOM.normal(size=(12, 32))}, rows=WORDS, below="numbers"
    ),
}


def test_every_picture_of_the_package_is_here():
    assert set(PICTURES) == {name for name in plots.__all__ if name.startswith("draw")}


@pytest.fixture(params=PICTURES, scope="module")
def picture(request):
    figure = PICTURES[request.param]()
    figure.canvas.draw()
    return figure


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_every_picture_has_a_sentence_that_its_file_and_a_notebook_keep(picture, tmp_path):
    sentence = plots.alt_text(picture)
    assert len(sentence) > 30 and sentence[0].isupper() and sentence.endswith(".") and "\n" not in sentence
    assert any(letter.isdigit() for letter in sentence)
    shown, metadata = picture._repr_mimebundle_()
    json.dumps([shown, metadata])  # as a notebook keeps it
    assert shown["text/plain"] == metadata["image/png"]["alt"] == sentence
    (tmp_path / "a.png").write_bytes(base64.b64decode(shown["image/png"]))
    assert plots.alt_text(tmp_path / "a.png") == sentence


def test_the_sentence_is_also_in_a_file_that_save_or_savefig_writes(tmp_path):
    figure = plots.draw(HISTORY)
    plots.save(figure, tmp_path / "a.png")
    figure.savefig(tmp_path / "b.png")
    figure.savefig(tmp_path / "b.svg")
    for name in ("a.png", "b.png"):
        assert plots.alt_text(tmp_path / name) == plots.alt_text(str(tmp_path / name)) == figure.alt_text


def test_every_letter_of_a_picture_lies_within_it(picture):
    drawn = picture.get_tightbbox()  # of all that is drawn, in inches
    width, height = picture.get_size_inches()
    assert drawn.x0 > -0.01 and drawn.y0 > -0.01 and drawn.x1 < width + 0.01 and drawn.y1 < height + 0.01


def test_letters_are_dark_on_white_or_white_on_dark_whatever_the_reader_has_set():
    dark = {"figure.facecolor": "black", "axes.facecolor": "black", "text.color": "white", "xtick.color": "white"}
    with matplotlib.rc_context({**dark, "axes.labelcolor": "white", "font.size": 30, "lines.linewidth": 9}):
        before = dict(matplotlib.rcParams)
        figure = plots.draw(HISTORY)
        figure.canvas.draw()
        assert dict(matplotlib.rcParams) == before
    assert matplotlib.colors.to_hex(figure.get_facecolor()) == style.PAPER
    assert {matplotlib.colors.to_hex(text.get_color()) for text in texts(figure)} == {style.INK}
    assert max(text.get_fontsize() for text in texts(figure)) == 10
    assert {line.get_linewidth() for line in figure.axes[0].lines[:2]} == {1.8}


def test_colours_can_be_told_apart_and_read_on_white():
    def luminance(colour):
        parts = [
            (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in matplotlib.colors.to_rgb(colour)
        ]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    assert contrast(style.INK, style.PAPER) > 7  # WCAG AAA for text
    assert all(contrast(colour, style.PAPER) > 3 for colour in style.COLOURS[:3])  # WCAG for curves
    assert len({(look["color"], look["linestyle"]) for look in map(style.look, range(28))}) == 28


def test_all_functions_say_what_they_raise_and_return_a_picture():
    from tinylm_keras.plots.picture import Picture

    for name in PICTURES:
        function = getattr(plots, name)
        assert "Raises:" in function.__doc__, name
        assert inspect.signature(function).return_annotation == "Picture", name
    assert isinstance(plots.draw(HISTORY), Picture)


def test_a_file_that_is_no_picture_has_no_sentence(tmp_path):
    (tmp_path / "a.png").write_text("text")
    for path in (tmp_path / "a.png", tmp_path):
        with pytest.raises(ValueError, match="`picture` must be a figure or a PNG file"):
            plots.alt_text(path)
    with pytest.raises(OSError, match="No such file"):
        plots.alt_text(tmp_path / "none.png")
    matplotlib.figure.Figure().savefig(tmp_path / "plain.png")
    assert plots.alt_text(tmp_path / "plain.png") == plots.alt_text(matplotlib.figure.Figure()) == ""


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: plots.draw_schedule({}), "`schedules` must be at least one"),
        (lambda: plots.draw_schedule(0.1), "`steps` must be a whole number of at least 1. Received: steps=None."),
        (lambda: plots.draw_residual_lengths({}), "`lengths` must be at least one"),
        (lambda: plots.draw_residual_lengths({"a": [[[1.0]]]}), "`lengths` must hold finite arrays"),
        (lambda: plots.draw_shift(["a"]), "`tokens` must be 2 to 64. Received: tokens=1."),
        (lambda: plots.draw_token_rows({}), "`rows` must be at least one"),
        (
            lambda: plots.draw_token_rows({"a": []}),
            "`rows` must have 1 to 64 tokens each, but 'a' has.",
        ),
        (lambda: plots.draw_token_rows({"a": ["b"]}, ids={"a": [1, 2]}), "`ids` must have 1 numbers for 'a'"),
        (lambda: plots.draw_mask([]), "`tokens` must be 1 to 32. Received: tokens=0."),
        (lambda: plots.draw_mask(["a"], [[1, 2]]), "`scores` must have the shape (1, 1)"),
        (lambda: plots.draw_next_token(["a"], {}), "`probabilities` must be at least one"),
        (lambda: plots.draw_next_token(["a"], {"t": [0.5, 0.5]}), "`probabilities` must have one number for each"),
        (lambda: plots.draw_sweep([], "steps"), "`results` must be at least one"),
        (lambda: plots.draw_temperatures([1], {}), "`shares` must be at least one"),
        (lambda: plots.draw_temperatures([1], {"a": [2]}), "`shares` must have a share from 0 to 1"),
        (lambda: plots.draw_matrices({}), "`matrices` must be at least one, all of one shape (n, m)"),
        (lambda: plots.draw_matrices({"a": [[1]], "b": [[1, 2]]}), "`matrices` must be at least one, all of one shape"),
        (lambda: plots.draw_matrices({"a": [[1]]}, rows=["b", "c"]), "`rows` must be 1. Received: rows=2."),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(call, line):
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value).startswith(line) and "\n" not in str(refused.value)
