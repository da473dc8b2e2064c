"""Counting instead of training: which token follows which others how often, smoothed by Kneser and Ney. No Keras.

`levels` finds the n-grams of a text, `smoothing` makes probabilities of them, `counts` holds these in flat arrays;
`kneser_ney` puts the three together, and `best_order` tries how long the n-grams should be.
"""

from tinylm_keras.counting.best_order import count_in_best_order as count_in_best_order
from tinylm_keras.counting.best_order import held_out as held_out
from tinylm_keras.counting.counts import Counts as Counts
from tinylm_keras.counting.kneser_ney import MAX_COUNTS as MAX_COUNTS
from tinylm_keras.counting.kneser_ney import MAX_ORDER as MAX_ORDER
from tinylm_keras.counting.kneser_ney import count as count
from tinylm_keras.counting.rows import rows_of as rows_of

__all__ = ["MAX_COUNTS", "MAX_ORDER", "Counts", "count", "count_in_best_order", "held_out", "rows_of"]
