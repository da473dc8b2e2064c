"""Tells which texts the words of a vocabulary can print."""

EDGE = "\ud800"  # half a surrogate pair, which no text contains


def can_print(text, words, may_stand):
    """Whether printed words can contain `text`, which may begin and end inside words.

    Args:
        text: str.
        words: list of str.
        may_stand: function of (before, gap, word): whether `word` may follow `before` with `gap`, "" or " ", between.
            `before` is the part of `text` in front; the text before it is unknown.

    Returns:
        bool.

    Example:

    >>> one_blank = lambda before, gap, word: gap == " " or not before
    >>> [can_print(text, ["the", "cat"], one_blank) for text in ("e cat t", " the", "the  cat", "dog", "thecat")]
    [True, True, False, False, False]
    """
    joined = EDGE + EDGE.join(words) + EDGE
    if text in joined:
        return True
    known, longest = set(words), max(map(len, words))
    is_end = [True, *(text[:place] + EDGE in joined for place in range(1, len(text)))]  # where a word may end
    for place in range(len(text)):
        for gap in ("", " ") if is_end[place] else ():
            if not text.startswith(gap, place):
                continue
            before, first = text[:place], place + len(gap)
            rest = text[first:]
            begun = (word for word in words if word.startswith(rest)) if EDGE + rest in joined else ()
            if any(may_stand(before, gap, word) for word in begun):
                return True
            for last in range(first + 1, min(first + longest, len(text) - 1) + 1):
                word = text[first:last]
                is_end[last] = is_end[last] or (word in known and may_stand(before, gap, word))
    return False
