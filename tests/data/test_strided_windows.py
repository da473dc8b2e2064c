"""Laws of the windows on which models are evaluated: every token once, from at least half a context."""

import numpy as np
import pytest

from tinylm_keras import data
from tinylm_keras.data.strided_windows import strided_windows
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer

TEXTS = ["abcdefghij" * 7, "b", "cab", "jihg" * 5]


def shown(windows):
    """(what comes before it in its window, the target) of every target that counts, in order."""
    found = []
    for x, y in windows:
        for given, targets in zip(x, y, strict=True):
            for place in np.flatnonzero(targets != windows.pad_id):
                found.append((given[: place + 1].tolist(), int(targets[place])))
    return found


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize("context_length", [1, 2, 7, 8, 500])
@pytest.mark.parametrize("end_token", [None, "<end>"])
def test_each_token_is_predicted_once_from_at_least_half_a_context(layout, context_length, end_token):
    tokenizer = CharacterTokenizer(end_token=end_token).adapt(TEXTS)
    windows = strided_windows(TEXTS, tokenizer, context_length=context_length, batch_size=3, layout=layout)
    end = [] if end_token is None else [tokenizer.end_id]
    rows = [[*end, *tokenizer.tokenize(text), *end] for text in TEXTS]
    if layout == "packed":
        rows = [data.concatenate(TEXTS, tokenizer).ids.tolist()]
    found, place = shown(windows), 0
    assert len(found) == windows.tokens == sum(len(row) - 1 for row in rows)
    for row in rows:
        for i in range(1, len(row)):
            before, target = found[place]
            place += 1
            assert target == row[i]
            assert before == row[max(0, i - len(before)) : i]
            assert len(before) >= min(i, -(-context_length // 2))


def test_every_batch_has_the_shape_of_the_first_and_there_are_as_many_as_it_says():
    tokenizer = CharacterTokenizer().adapt(TEXTS)
    windows = strided_windows(TEXTS, tokenizer, context_length=6, batch_size=4)
    shapes = {part.shape for batch in windows for part in batch}
    assert shapes == {(4, 6)}
    assert len(list(windows)) == len(windows)


def test_the_characters_are_those_of_the_text(tmp_path):
    tokenizer = WhitespaceTokenizer(end_token="<end>").adapt(["a dog ran", "a cat"])
    windows = strided_windows(["a dog ran", "a cat"], tokenizer, context_length=4, layout="padded")
    assert windows.character_rates()["tokens_per_character"] == (4 + 3) / (9 + 5)
    windows.count_separators("\n", ["a dog ran", "a cat"], tokenizer)
    assert windows.character_rates()["tokens_per_character"] == (4 + 3) / (9 + 5 + 2)


def test_token_files_are_read_where_they_lie(tmp_path):
    tokenizer = BytePairTokenizer(max_tokens=270).adapt(TEXTS)
    on_disk = data.prepare(TEXTS, tokenizer, tmp_path / "ids", validation=0).train
    from_disk, held = (
        strided_windows(part, tokenizer, context_length=5, batch_size=2)
        for part in (on_disk, data.concatenate(TEXTS, tokenizer))
    )
    assert isinstance(from_disk.ids, np.memmap)
    for ours, theirs in zip(from_disk, held, strict=True):
        assert np.array_equal(ours, theirs)


def test_nothing_to_predict_and_training_are_refused():
    tokenizer = CharacterTokenizer().adapt("ab")
    with pytest.raises(ValueError, match="`texts` must hold a text with a token to predict"):
        strided_windows(["a"], tokenizer, context_length=4)
    with pytest.raises(ValueError, match="These windows are for evaluation"):
        strided_windows(["ab"], tokenizer, context_length=4).for_fit(endless=True)


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_some_windows_alone_predict_the_tokens_that_are_theirs(layout):
    tokenizer = CharacterTokenizer(end_token="<end>").adapt(TEXTS)
    windows = strided_windows(TEXTS, tokenizer, context_length=8, batch_size=3, layout=layout)
    numbers, tokens = windows.window_of_targets(), shown(windows)
    assert len(numbers) == windows.tokens
    for chosen in (np.array([0]), np.arange(1, numbers[-1] + 1, 2)):
        some = windows.only(chosen)
        expected = [token for token, number in zip(tokens, numbers, strict=True) if number in chosen]
        assert shown(some) == expected and some.tokens == len(expected)
        assert {x.shape for x, _ in some} == {(3, 8)}
    assert shown(windows) == tokens
