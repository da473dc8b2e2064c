"""AverageLM: it knows which tokens came, and not in which order."""

import numpy as np
import pytest

from tinylm_keras.baselines import AverageLM


def test_the_order_of_the_tokens_changes_nothing_and_the_tokens_do():
    model = AverageLM(vocabulary_size=30, context_length=12)
    ids = np.random.default_rng(0).permutation(30)[:12].astype("int32")
    other = np.append(ids[1:], 29 if 29 not in ids else 28).astype("int32")
    logits, shuffled, changed = (np.array(model(row[None]))[0, -1] for row in (ids, ids[::-1].copy(), other))
    assert np.abs(shuffled - logits).max() < 1e-6
    assert np.abs(changed - logits).max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embed_dim": 0}, r"`embed_dim` must be a whole number of at least 1"),
        ({"hidden_dim": 0}, r"`hidden_dim` must be a whole number of at least 1"),
        ({"num_hidden_layers": 0}, r"`num_hidden_layers` must be a whole number of at least 1"),
        ({"dropout": -0.1}, r"`dropout` must be a number in \[0, 1\). Received: dropout=-0.1"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        AverageLM(**{"vocabulary_size": 65, "context_length": 12, **arguments})
    assert "\n" not in str(error.value)
