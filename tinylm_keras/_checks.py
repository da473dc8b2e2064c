"""One wording for every error: which argument, the rule, what was received, what to do.

Each function raises `ValueError` (or `TypeError` where noted) with a single line such as
"`top_k` must be a whole number of at least 1, or None. Received: top_k=0. Leave it out to keep every token."
"""

import itertools
import math
import numbers

MAXIMUM_NEW_TOKENS = 1_000_000


def refuse(argument, rule, received, advice="", error=ValueError):
    """Build the error for `argument`. Use it as `raise refuse(...)`.

    Args:
        argument: str. Name of the argument as the user typed it.
        rule: str. What the argument must be, without the final stop.
        received: The value, shown with `repr` and shortened when long.
        advice: str. One sentence that says what to do instead.
        error: Exception type to build. Defaults to `ValueError`.

    Returns:
        An exception of type `error`; the caller raises it.

    Example:

    >>> print(refuse("num_heads", "must divide `embed_dim`", 5, "Try num_heads=4."))
    `num_heads` must divide `embed_dim`. Received: num_heads=5. Try num_heads=4.
    """
    shown = repr(_beginning(received))
    if len(shown) > 120:
        shown = shown[:117] + "..."
    return error(f"`{argument}` {rule}. Received: {argument}={shown}." + (f" {advice}" if advice else ""))


def _beginning(value):
    """As much of a long value as a message shows, so that a million tokens are not written out for it."""
    if type(value) in (str, bytes, list, tuple) and len(value) > 120:
        return value[:120]
    if type(value) is dict and len(value) > 120:
        return dict(itertools.islice(value.items(), 120))
    return value


def first_repeated(values):
    """Return the first of some values that was there before, or None: one look at each.

    Example:

    >>> first_repeated(["a", "b", "a", "b"])
    'a'
    """
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def whole_number(argument, value, minimum=0, maximum=None, advice=""):
    """Return `value` as an int, or raise unless it is a whole number within the bounds (a bool is not)."""
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum:,}"
    good = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not good or value < minimum or (maximum is not None and value > maximum):
        raise refuse(argument, f"must be a whole number {bounds}", value, advice)
    return int(value)


def real_number(argument, value, low, high=math.inf, include_low=True, include_high=True, advice=""):
    """Return `value` as a float, or raise unless it is a finite number in the interval (a bool is not)."""
    try:
        good = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        good = False
    if good:
        good = (value > low or (include_low and value == low)) and (value < high or (include_high and value == high))
    if not good:
        if high == math.inf:
            rule = f"must be a number of {'at least' if include_low else 'more than'} {low:g}"
        else:
            rule = f"must be a number in {'[' if include_low else '('}{low:g}, {high:g}{']' if include_high else ')'}"
        raise refuse(argument, rule, value, advice)
    return float(value)


def one_of(argument, value, choices, advice=""):
    """Return `value`, or raise unless it is one of `choices`, which the message lists."""
    if value not in choices:
        raise refuse(argument, f"must be one of {', '.join(map(repr, choices))}", value, advice)
    return value


def text(argument, value):
    """Return `value`, or raise: `TypeError` unless it is a str, `ValueError` for half of a surrogate pair."""
    if not isinstance(value, str):
        raise refuse(argument, "must be a string", value, error=TypeError)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        rule = f"must be valid Unicode; there is a lone surrogate at place {error.start}"
        raise refuse(argument, rule, value[error.start : error.start + 1]) from None
    return value


def divides(argument, value, whole_argument, whole):
    """Raise unless `value` divides `whole`; the message proposes the nearest number that does."""
    if whole % value:
        nearest = min((n for n in range(1, whole + 1) if whole % n == 0), key=lambda n: (abs(n - value), n))
        raise ValueError(
            f"`{argument}` must divide `{whole_argument}`. Received: {whole_argument}={whole}, "
            f"{argument}={value}. Try {argument}={nearest}."
        )


def within_context(shape, context_length):
    """Raise if token ids of this shape `(B, T)` have more columns than the context; an unknown T passes."""
    if shape[1] is not None and shape[1] > context_length:
        raise ValueError(
            f"`token_ids` must have at most `context_length` columns. Received: token_ids of shape {shape}, "
            f"context_length={context_length}. Pass the last {context_length} tokens, or call `generate` or `score`, "
            "which slide."
        )
