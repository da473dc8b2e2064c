"""N-gram counts with Kneser-Ney smoothing. No Keras.

`levels` counts the n-grams of a text, `smoothing` turns counts into probabilities, `counts` stores these in arrays,
`kneser_ney` combines the three, and `best_order` chooses the length of the n-grams.
"""

from tinylm_keras.counting.best_order import count_in_best_order as count_in_best_order
from tinylm_keras.counting.best_order import held_out as held_out
from tinylm_keras.counting.counts import Counts as Counts
from tinylm_keras.counting.kneser_ney import MAX_COUNTS as MAX_COUNTS
from tinylm_keras.counting.kneser_ney import MAX_ORDER as MAX_ORDER
from tinylm_keras.counting.kneser_ney import count as count
from tinylm_keras.counting.rows import rows_of as rows_of

__all__ = ["MAX_COUNTS", "MAX_ORDER", "Counts", "count", "count_in_best_order", "held_out", "rows_of"]
