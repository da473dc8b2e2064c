"""One text for each way to choose a token, pinned: weights by formula, seeds at which no choice is near another."""

import keras
import numpy as np
import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.models import MiniLM, RotaryLM
from tinylm_keras.tokenizers import CharacterTokenizer


def by_formula(make, context_length):
    """A model whose weights are sines: the same with every version of Keras and numpy."""
    tokenizer = CharacterTokenizer(vocabulary=list("abcdefghijklmnopqrstuvwxyz "))
    sizes = {"embed_dim": 8, "num_heads": 2, "feed_forward_dim": 8, "num_blocks": 1}
    model = make(tokenizer=tokenizer, context_length=context_length, **sizes)
    for index, variable in enumerate(model.trainable_variables):
        values = np.sin((index + 1) * np.arange(1, int(np.prod(variable.shape)) + 1) ** 1.1)
        scale = 3 if "head" in variable.path else 0.8
        variable.assign((scale * values).reshape(variable.shape).astype("float32"))
    return model


@pytest.fixture(scope="module")
def model():
    return by_formula(MiniLM, context_length=16)


class SecondBest(keras_nlp.samplers.Sampler):
    """A sampler of keras-nlp's kind that draws nothing."""

    def get_next_token(self, probabilities):
        return keras.ops.argsort(probabilities, axis=-1)[:, -2]


# Found with a sampler in plain numpy and float64: it gives the same texts, and nowhere would a logit, a probability or
# a drawn number that is off by 0.0005 give another.
@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"temperature": 0}, "the jqjjzjjzjjjj"),
        ({"temperature": 1.5, "seed": 10}, "the z jjzzpjzjjj"),
        ({"top_k": 3, "seed": 2}, "the pjqqzzqzqzzz"),
        ({"top_p": 0.6, "seed": 0}, "the zpjjzjpzjjzj"),
        ({"min_p": 0.3, "seed": 11}, "the jjzjzqpjpjjz"),
        ({"temperature": 0, "repetition_penalty": 3.0}, "the jqpzfailjujj"),
        (
            {"temperature": 1.2, "top_k": 8, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.4, "seed": 5},
            "the zjppqpzjipqf",
        ),
        ({"sampler": SecondBest()}, "the zpzzzqpjzzzz"),
    ],
)
def test_each_way_to_choose_writes_the_text_that_it_always_wrote(model, settings, text):
    assert model.generate("the ", max_new_tokens=12, **settings) == text


def test_a_sliding_window_cache_writes_the_text_that_it_always_wrote():
    model = by_formula(RotaryLM, context_length=8)  # 24 characters are three contexts
    assert model.generate("the ", max_new_tokens=20, top_k=3, seed=8) == "the cdkxcwguxw xcxccccgh"
    repeated = {"temperature": 0, "repetition_penalty": 3.0}
    assert model.generate("the ", max_new_tokens=20, **repeated) == "the cdkxwogufrbvnpq lcac"
