"""The history of a run: how its best step is chosen, and the rows on the model, as `fit` leaves them."""

import keras

from tinylm_keras.plots import columns


def judged_by(validation, mixture, rows):
    """Return the column by which the best step of a run is chosen: the loss of the model that the run ends with.

    A run that began without the column of the mixture, in an earlier version, continues without it.

    Args:
        validation: `Batches` of the validation text, or None.
        mixture: `mixing.RunMixture` or None.
        rows: list of dict. The rows so far, perhaps none.
    """
    if mixture is not None and columns.judged_by(rows) == columns.MIXTURE:  # also without rows
        return columns.MIXTURE
    return "loss" if validation is None else "val_loss"


def best(checkpoints, rows):
    """Return the best step and its loss by name, for the record; of a mixture also the loss of its network alone."""
    step = checkpoints.best_step
    found = {"best_step": step, f"best_{checkpoints.monitor}": None if step is None else checkpoints.best}
    if checkpoints.monitor == columns.MIXTURE:
        found["best_val_loss"] = next((row["val_loss"] for row in rows if row["step"] == step), None)
    return found


def attach(model, rows):
    """Set `model.history` to the rows of a run: `model.history.history` has a list for each column of history.csv.

    Keras's own would hold only the calls of `fit` that this process made.

    Args:
        model: `LanguageModel`.
        rows: list of dict. The rows of the run, also those before it was resumed.
    """
    history = keras.callbacks.History()
    history.epoch = list(range(len(rows)))
    names = dict.fromkeys(name for row in rows for name in row)
    history.history = {name: [row.get(name) for row in rows] for name in names}
    history.set_model(model)
    model.history = history
