"""The history of a run, as `fit` leaves it on a model."""

import keras


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
