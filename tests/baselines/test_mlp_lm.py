"""MLPLM: how far it looks back, and its normalization in a real training step."""

import numpy as np
import pytest

from tinylm_keras.baselines import MLPLM
from tinylm_keras.data import lines
from tinylm_keras.metrics import token_nats
from tinylm_keras.tokenizers import WhitespaceTokenizer


def test_it_sees_exactly_the_last_window_tokens():
    model = MLPLM(vocabulary_size=30, context_length=12, window=4, hidden_dim=32)
    ids = np.random.default_rng(0).integers(0, 30, (1, 12)).astype("int32")
    changed = ids.copy()
    changed[0, 3] = (changed[0, 3] + 7) % 30
    before, after = np.array(model(ids))[0], np.array(model(changed))[0]
    differs = [not np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
    assert differs == [3 <= place < 3 + 4 for place in range(12)]


def test_the_widths_are_halved_and_the_code_is_as_short_as_it_can_be():
    model = MLPLM(vocabulary_size=71, context_length=12, window=3, hidden_dim=50, num_hidden_layers=3)
    assert [layer.dense.kernel.shape for layer in model.hidden_layers] == [(30, 50), (50, 25), (25, 12)]
    assert model.get_config()["code_bits"] == 10
    longer = MLPLM(vocabulary_size=71, context_length=12, code_bits=12)
    assert (longer.code_bits, longer.get_config()["code_bits"]) == (12, 12)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_it_learns_from_padded_lines_under_xla(texts, dtype):
    tokenizer = WhitespaceTokenizer().adapt(texts)
    model = MLPLM(tokenizer=tokenizer, context_length=12, window=3, hidden_dim=64, dtype=dtype)
    model.compile("adam")
    assert model.jit_compile is True
    x, y = lines(texts, tokenizer, context_length=12, batch_size=6).batch(0)

    def loss():  # evaluated by the running statistics, which have to follow those of the batches
        nats, weights = token_nats(y, model(x, training=False), pad_id=0)
        return float(np.sum(nats * weights) / np.sum(weights))

    first = loss()
    for _ in range(60):
        model.train_on_batch(x, y)
    assert loss() < 0.7 * first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"window": 13},
            r"`window` must be a whole number from 1 to 12. Received: window=13. "
            r"It cannot be longer than `context_length`",
        ),
        ({"window": 0}, r"`window` must be a whole number from 1 to 12"),
        ({"code_bits": 6}, r"`code_bits` must give each of the 65 symbols.*The smallest possible is code_bits=8"),
        ({"code_bits": 9}, r"`code_bits` must be even.*Try code_bits=10"),
        (
            {"hidden_dim": 7, "num_hidden_layers": 4},
            r"`hidden_dim` must be a whole number of at least 8. Received: hidden_dim=7. "
            r"Each hidden layer is half as wide as the one before",
        ),
        ({"num_hidden_layers": 0}, r"`num_hidden_layers` must be a whole number from 1 to 30"),
        ({"activation": "gelu"}, r"`activation` must be one of 'sigmoid', 'relu', 'silu'"),
        ({"dropout": 1.0}, r"`dropout` must be a number in \[0, 1\)"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        MLPLM(**{"vocabulary_size": 65, "context_length": 12, **arguments})
    assert "\n" not in str(error.value)
