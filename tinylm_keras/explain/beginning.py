"""The prompt of a page whose maker named none: the first words of a text that the model writes."""

LONGEST = 28  # characters
TOKENS = 32


def beginning(model):
    """Return the beginning of a text of a model, a few words long; always the same one.

    Args:
        model: `runtime.Model` with a tokenizer; without one the beginning is empty.
    """
    if model.tokenizer is None:
        return ""
    count = max(1, min(TOKENS, model.context_length // 2))
    try:
        text = model.generate("", max_new_tokens=count, temperature=0.7, seed=1).lstrip()
    except ValueError:  # a model that cannot begin a text: the page begins with an empty one, and says so
        return ""
    if len(text) <= LONGEST:
        return text[: (len(text) + 1) // 2]  # it may have ended here, and what is left is to be written
    words = text[: LONGEST + 1].rsplit(None, 1)[0]
    return words if len(words) > LONGEST // 3 else text[:LONGEST]
