"""The probabilities of the next token, as bars: one row of bars for each way to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label, token_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras.plots.picture import Picture


@style.styled
def draw_next_token(tokens: Sequence[str], probabilities: Mapping[str, Any], most: int = 12) -> Picture:
    """Return a plot of the probabilities of the next token, with a panel for each setting.

    All panels show the tokens that are likeliest in the first one. A token that a setting removes (top-k, top-p) has a
    cross instead of a bar.

    Args:
        tokens: list of str `[V]`, the tokens of the vocabulary.
        probabilities: dict from the name of a setting, such as "temperature 0.5", to an array `[V]`, from
            `inspection.next_token_probabilities`.
        most: int. How many tokens are shown.

    Raises:
        ValueError: if there is no setting, or an array has another length than `tokens`.

    Example:

    >>> shares = {"temperature 1": [0.5, 0.3, 0.2], "top-k 1": [1.0, 0.0, 0.0]}
    >>> draw_next_token(["cat", "dog", "sun"], shares, most=2).alt_text
    'Probability of the next token. temperature 1: cat 50 %, dog 30 %, others 20 %. top-k 1: cat 100 %.'
    """
    if not probabilities:
        raise _checks.refuse("probabilities", "must be at least one", probabilities)
    shares = {name: np.asarray(values, "float64") for name, values in probabilities.items()}
    for name, values in shares.items():
        if values.shape != (len(tokens),):
            rule = f"must have one number for each of the {len(tokens)} tokens, in {name!r} too"
            raise _checks.refuse("probabilities", rule, f"shape {values.shape}")
    most = _checks.whole_number("most", most, 1)
    shown = np.argsort(-next(iter(shares.values())), kind="stable")[:most]
    names = [token_label(tokens[place]) for place in shown]
    panels = len(shares)
    figure = style.new(max(style.WIDTH, 1.9 * panels + 0.8), 0.24 * len(shown) + 1.0)
    sentences = []
    all_axes = figure.subplots(1, panels, sharey=True, sharex=True, squeeze=False)[0]
    for index, (axes, (name, values)) in enumerate(zip(all_axes, shares.items(), strict=True)):
        _draw_bars(axes, values[shown], style.COLOURS[index % len(style.COLOURS)])
        axes.set_title(label(name), parse_math=False)
        sentences.append(f"{label(name)}: {_list(names, values[shown], values.sum())}.")
    all_axes[0].set_yticks(range(len(shown)), names, parse_math=False)
    all_axes[0].invert_yaxis()
    all_axes[0].set_xlim(0, 1.3 * max(values[shown].max() for values in shares.values()) or 1.0)
    figure.supxlabel("probability of the next token; ×: removed")
    figure.alt_text = f"Probability of the next token. {' '.join(sentences)}"
    return figure


def _draw_bars(axes, values, colour):
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.barh(range(len(values)), values, color=colour, height=0.7)
    for place, value in enumerate(values):
        text = f"{100 * value:.0f} %" if value >= 0.005 else "×" if value == 0 else "< 1 %"
        axes.annotate(text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")


def _list(names, values, total, most=5):
    """Return the shares of the first tokens and of all others together, as text."""
    shares = dict(zip(names[:most], values[:most], strict=True))
    shares["others"] = total - sum(values[:most])
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items() if share >= 0.005)
