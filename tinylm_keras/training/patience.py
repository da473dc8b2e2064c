"""When a run has waited long enough for a better evaluation. No Keras."""


def is_over(rows, patience):
    """Return whether the best evaluation is followed by `patience` others.

    Args:
        rows: list of dict. The history of a run: a row for each evaluation.
        patience: int or None. None: never.

    Example:

    >>> is_over([{"val_loss": 2.0}, {"val_loss": 2.5}, {"val_loss": 2.1}], patience=2)
    True
    >>> is_over([{"val_loss": 2.0}, {"val_loss": 2.5}, {"val_loss": 1.9}], patience=2)
    False
    """
    if patience is None or not rows:
        return False
    losses = [row.get("val_loss", row["loss"]) for row in rows]
    return len(losses) - 1 - losses.index(min(losses)) >= patience
