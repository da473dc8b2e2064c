"""Builds all error messages: the argument, the rule, the received value, what to do.

Each function raises `ValueError` (or `TypeError` where noted) with a single line such as
"`top_k` must be a whole number of at least 1, or None. Received: top_k=0. Leave it out to keep every token."
An error also keeps the parts of its message, so that the command line can show arguments as options.
"""

import dataclasses
import itertools
import math
import numbers
import os
import pathlib
import re

MAXIMUM_NEW_TOKENS = 1_000_000

# Characters of a received value that a message shows.
MOST_SHOWN = 120

NO_VALUE = object()

_LINE_ENDS = re.compile(r"\s*\n\s*")


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument in a message, alone or with a value.

    Args:
        name: str.
        value: Its value; left out, the message only names the argument.

    Example:

    >>> print(Argument("num_heads"), Argument("num_heads", 4))
    `num_heads` num_heads=4
    """

    name: str
    value: object = NO_VALUE

    def __str__(self):
        if self.value is NO_VALUE:
            return f"`{self.name}`"
        shown = _LINE_ENDS.sub(" ", repr(_beginning(self.value)))  # arrays have several lines
        return f"{self.name}={cut(shown)}"


def cut(text):
    """Return a text shortened to 120 characters."""
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."


def refusal(*parts, error=ValueError):
    """Build an error from the parts of its message. Use it as `raise refusal(...)`.

    Args:
        *parts: str and `Argument`.
        error: Exception type to build. Defaults to `ValueError`.

    Returns:
        An exception of type `error`, which keeps the parts as its attribute `parts`; the caller raises it.

    Example:

    >>> error = refusal("Too short. Try ", Argument("context_length", 8), ".")
    >>> str(error)
    'Too short. Try context_length=8.'
    """
    built = error("".join(map(str, parts)))
    built.parts = parts
    return built


def refuse(argument, rule, received, advice="", error=ValueError):
    """Build the error for `argument`. Use it as `raise refuse(...)`.

    Args:
        argument: str. Name of the argument as the user typed it.
        rule: str. What the argument must be, without the final stop. A list of str and `Argument` where it names other
            arguments.
        received: The value, shown with `repr` and shortened when long.
        advice: str, or a list as for `rule`. One sentence that says what to do instead.
        error: Exception type to build. Defaults to `ValueError`.

    Returns:
        An exception of type `error`; the caller raises it.

    Example:

    >>> print(refuse("num_heads", "must be even", 5, ["Try ", Argument("num_heads", 4), "."]))
    `num_heads` must be even. Received: num_heads=5. Try num_heads=4.
    """
    parts = [Argument(argument), " ", *_parts(rule), ". Received: ", Argument(argument, received), "."]
    return refusal(*parts, *([" ", *_parts(advice)] if advice else []), error=error)


def _parts(words):
    return [words] if isinstance(words, str) else words


def _beginning(value):
    """Return the beginning of a long value, so that `repr` does not format a million tokens."""
    if type(value) in (str, bytes, list, tuple) and len(value) > 120:
        return value[:120]
    if type(value) is dict and len(value) > 120:
        return dict(itertools.islice(value.items(), 120))
    return value


def first_repeated(values):
    """Return the first value that is repeated, or None.

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
    except OverflowError:  # an int too large for a float
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
        rule = f"must be valid Unicode; there is a lone surrogate at index {error.start}"
        raise refuse(argument, rule, value[error.start : error.start + 1]) from None
    return value


def path(argument, value, what="file"):
    """Return `value` as a `pathlib.Path`, or raise unless it can be the name of a `what`, "file" or "folder"."""
    if not isinstance(value, (str, os.PathLike)):
        raise refuse(argument, f"must be the path of a {what}", value, error=TypeError)
    if not os.fspath(value) or "\0" in str(value):
        raise refuse(argument, f"must be the path of a {what}", str(value))
    return pathlib.Path(value)


def divides(argument, value, whole_argument, whole):
    """Raise unless `value` divides `whole`; the message suggests the nearest divisor."""
    if whole % value:
        nearest = min((n for n in range(1, whole + 1) if whole % n == 0), key=lambda n: (abs(n - value), n))
        received = [Argument(whole_argument, whole), ", ", Argument(argument, value)]
        rule = [Argument(argument), " must divide ", Argument(whole_argument)]
        raise refusal(*rule, ". Received: ", *received, ". Try ", Argument(argument, nearest), ".")


def within_context(shape, context_length):
    """Raise unless the shape of token ids is `(B, T)` with T within the context; T may be None."""
    if len(shape) != 2:
        advice = "Add the axis of the batch: token_ids[np.newaxis]." if len(shape) == 1 else ""
        raise refuse("token_ids", "must have the shape (B, T)", f"shape {shape}", advice)
    if shape[1] is not None and shape[1] > context_length:
        raise refusal(
            *(Argument("token_ids"), " must have at most ", Argument("context_length"), " columns. Received: "),
            *(f"token_ids of shape {shape}, ", Argument("context_length", context_length), ". "),
            f"Pass the last {context_length} tokens, or call `generate` or `score`, which accept longer texts.",
        )


def holds_text(value):
    """Whether this is text instead of token ids: str, or a list, array or `tf.data.Dataset` of str."""
    if isinstance(value, (list, tuple)):
        return bool(value) and holds_text(value[0])
    value = getattr(value, "element_spec", value)
    if isinstance(value, tuple) and value:
        value = value[0]
    dtype = getattr(value, "dtype", None)
    return isinstance(value, (str, bytes)) or getattr(dtype, "name", str(dtype)).startswith(("str", "bytes", "object"))


# The methods of a tokenizer that training and generation use; `tokenizers.Tokenizer` defines most of them.
TOKENIZER_METHODS = (
    *("tokenize", "detokenize", "tokenize_prompt", "token_strings", "continuation", "unfinished", "unknown_tokens"),
    *("can_write", "spelling_bits", "vocabulary_size", "get_vocabulary", "get_config"),
)
TOKENIZER_IDS = ("pad_id", "unk_id", "end_id", "end_token")


def tokenizer(argument, value):
    """Return `value`, or raise unless it has all methods and attributes of a tokenizer."""
    advice = "Make it a subclass of tinylm_keras.tokenizers.Tokenizer; see docs/own_tokenizer.md."
    if isinstance(value, type):
        raise refuse(argument, "must be a tokenizer, not its class", value, f"Try {value.__name__}().", TypeError)
    for name in (*TOKENIZER_METHODS, "_encode") if hasattr(value, "_encode") else TOKENIZER_METHODS:
        method = getattr(value, name, None)
        if not callable(method) or getattr(method, "__isabstractmethod__", False):
            rule = f"must have the method `{name}`"
            raise refuse(argument, rule, type(value).__name__, advice, TypeError)
    for name in TOKENIZER_IDS:
        if not hasattr(value, name):
            rule = f"must have the attribute `{name}` (None if there is no such token)"
            raise refuse(argument, rule, type(value).__name__, advice, TypeError)
    return value
