"""A picture of a training run that is drawn again at each evaluation."""

from __future__ import annotations

from tinylm_keras import plots
from tinylm_keras.notebook.tables import table
from tinylm_keras.training.progress import Silent


class LivePicture(Silent):
    """For the argument `progress` of `tlm.train`: the loss curves, and what the model writes at each evaluation.

    Attributes:
        lines: list of str. What a run says before training and at its end.
        rows: list of dict. The history so far, as in `history.csv`.
    """

    def __init__(self) -> None:
        self.lines, self.rows, self.samples = [], [], []

    def start(self, lines, steps):
        self.lines = list(lines)

    def evaluation(self, row, sample, best):
        from IPython.display import clear_output, display

        self.rows.append(row)
        shown = row.get("val_perplexity", row["perplexity"])
        self.samples.append([row["step"], f"{shown:.2f}", "" if sample is None else sample[:200]])
        clear_output(wait=True)
        display(plots.draw(self.rows))
        display(table(["step", "perplexity", "what it writes"], self.samples))

    def finish(self, lines):
        self.lines += lines
