"""When a run has waited long enough for a better evaluation. No Keras."""


def is_over(rows, patience, since=0):
    """Return whether the best evaluation is followed by `patience` others.

    Args:
        rows: list of dict. The history of a run: a row for each evaluation.
        patience: int or None. None: never.
        since: int. Step at which the run became longer: what was evaluated until then has been waited for.

    Example:

    >>> rows = [{"step": 10, "val_loss": 2.0}, {"step": 20, "val_loss": 2.5}, {"step": 30, "val_loss": 2.1}]
    >>> is_over(rows, patience=2), is_over(rows, patience=3), is_over(rows, patience=2, since=20)
    (True, False, False)
    """
    if patience is None or not rows:
        return False
    losses = [row.get("val_loss", row.get("loss")) for row in rows]
    after = rows[losses.index(min(losses)) + 1 :]
    return sum(row["step"] > since for row in after) >= patience


def since(record):
    """Return the step at which the run of a recipe.json, as dict, became longer; 0 where it did not."""
    extended = record.get("extended")
    return extended[-1]["step"] if extended else 0
