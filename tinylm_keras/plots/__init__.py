"""Pictures of runs and of what happens inside a model, in one style, each with a sentence that describes it.

matplotlib is imported when needed; its global state never changes.
"""

from typing import TYPE_CHECKING

from tinylm_keras import _renamed
from tinylm_keras.plots.attention import draw_attention as draw_attention
from tinylm_keras.plots.comparison import draw_comparison as draw_comparison
from tinylm_keras.plots.files import alt_text as alt_text
from tinylm_keras.plots.files import save as save
from tinylm_keras.plots.loss import draw as draw
from tinylm_keras.plots.loss import draw_overfitting as draw_overfitting
from tinylm_keras.plots.loss import loss_plot as loss_plot
from tinylm_keras.plots.mask import draw_mask as draw_mask
from tinylm_keras.plots.matrices import draw_matrices as draw_matrices
from tinylm_keras.plots.next_token import draw_next_token as draw_next_token
from tinylm_keras.plots.residual import draw_residual_lengths as draw_residual_lengths
from tinylm_keras.plots.runs import draw_runs as draw_runs
from tinylm_keras.plots.schedule import draw_schedule as draw_schedule
from tinylm_keras.plots.sweep import draw_sweep as draw_sweep
from tinylm_keras.plots.temperatures import draw_temperatures as draw_temperatures
from tinylm_keras.plots.tokens import draw_shift as draw_shift
from tinylm_keras.plots.tokens import draw_token_rows as draw_token_rows

__all__ = [
    "alt_text",
    "draw",
    "draw_attention",
    "draw_comparison",
    "draw_mask",
    "draw_matrices",
    "draw_next_token",
    "draw_overfitting",
    "draw_residual_lengths",
    "draw_runs",
    "draw_schedule",
    "draw_shift",
    "draw_sweep",
    "draw_temperatures",
    "draw_token_rows",
    "loss_plot",
    "save",
]


def _missing(name):
    raise _renamed.attribute(__name__, name)


if not TYPE_CHECKING:  # or an editor would accept every name
    __getattr__ = _missing
