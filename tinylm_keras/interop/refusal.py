"""The error for a model that a format cannot represent."""

from tinylm_keras import _checks


def refuse(what, to, reason, *advice):
    """Build the error. Use it as `raise refuse(…)`.

    Args:
        what: str. What cannot be exported, at the beginning of a sentence.
        to: str. The format.
        reason: str. Why, without the final stop.
        *advice: str and `_checks.Argument`. One sentence that says what to do instead.

    Example:

    >>> print(refuse("A BigramLM", "gguf", "llama.cpp has none", "Use ", _checks.Argument("format", "onnx"), "."))
    A BigramLM cannot be exported as gguf: llama.cpp has none. Use format='onnx'.
    """
    return _checks.refusal(f"{what} cannot be exported as {to}: {reason}. ", *advice)
