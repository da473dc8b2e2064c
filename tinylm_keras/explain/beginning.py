"""The prompt of a page whose maker named none: the first words of a text that the model writes."""

LONGEST = 28  # characters
TOKENS = 32


def beginning(model):
    """Return the beginning of a text of a model, a few words long; always the same one.

    Args:
        model: `runtime.Model`. Without a tokenizer its beginning is empty.
    """
    if model.tokenizer is None:
        return ""
    count = max(1, min(TOKENS, model.context_length // 2))
    settings = {"max_new_tokens": count, "temperature": 0.7, "seed": 1, "stop": None}
    try:
        text = model.generate("", **settings)
    except ValueError:  # the model knows of no token that texts begin with
        text = model.generate(_first_word(model.tokenizer), **settings)
    text = text.lstrip()
    if len(text) <= LONGEST:
        return text[: (len(text) + 1) // 2].rstrip()  # the text may have ended here, and what is left is to be written
    words = text[: LONGEST + 1].rsplit(None, 1)[0]
    return words if len(words) > LONGEST // 3 else text[:LONGEST]


def _first_word(tokenizer):
    """The first token of letters, which is a frequent one; where there is none, any that prints something."""
    printed = [tokenizer.detokenize([id]) for id in range(tokenizer.vocabulary_size()) if id != tokenizer.unk_id]
    return next((text for text in printed if text.strip().isalpha()), next(filter(str.strip, printed), ""))
