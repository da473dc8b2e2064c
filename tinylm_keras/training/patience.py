"""Early stopping: whether a run has waited long enough for a better evaluation. No Keras."""

from tinylm_keras.plots import columns


def is_over(rows, patience, since=0):
    """Return whether the best evaluation is followed by `patience` others.

    A run of a mixture also waits for the best evaluation of its network alone: as long as the counts are much better
    than the network, the loss of the mixture is theirs and hardly changes.

    Args:
        rows: list of dict. The history of a run: a row for each evaluation.
        patience: int or None. None: never.
        since: int. Step at which the run was made longer; evaluations up to it do not count.

    Example:

    >>> rows = [{"step": 10, "val_loss": 2.0}, {"step": 20, "val_loss": 2.5}, {"step": 30, "val_loss": 2.1}]
    >>> is_over(rows, patience=2), is_over(rows, patience=3), is_over(rows, patience=2, since=20)
    (True, False, False)
    """
    if patience is None or not rows:
        return False
    judging = columns.judged_by(rows)
    names = [judging, "val_loss"] if judging == columns.MIXTURE else [judging]
    best = max(min(range(len(rows)), key=lambda place: rows[place][name]) for name in names)
    return sum(row["step"] > since for row in rows[best + 1 :]) >= patience


def since(record):
    """Return the step at which a run was last made longer, by the dict of its recipe.json; 0 if it never was."""
    extended = record.get("extended")
    return extended[-1]["step"] if extended else 0
