"""The family under test: a new model or tokenizer is added to the two tables, and every law holds for it too."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

from tinylm_keras.models import MiniLM, RotaryLM
from tinylm_keras.tokenizers import WhitespaceTokenizer

TEXTS = [
    "the cat sat on the mat",
    "a dog ran after the cat and the cat ran up a tree",
    "the bird sang",
    "a small bird and a big dog sat down by the tree to rest",
    "the dog dug a hole",
    "up in the tree the bird saw the mat and the hole",
]

SMALL = {"context_length": 12, "embed_dim": 16, "num_heads": 2, "feed_forward_dim": 32, "num_blocks": 2}

TOKENIZERS = {
    "whitespace": lambda: WhitespaceTokenizer().adapt(TEXTS),
    "whitespace_with_end": lambda: WhitespaceTokenizer(end_token="<end>").adapt(TEXTS),
}

MODELS = {
    "mini_lm_post": lambda **arguments: MiniLM(**{**SMALL, "norm": "post", **arguments}),
    "mini_lm_pre": lambda **arguments: MiniLM(**{**SMALL, "norm": "pre", "activation": "gelu", **arguments}),
    "rotary_lm": lambda **arguments: RotaryLM(**{**SMALL, **arguments}),
}


def seeded(make, **arguments):
    """A model whose weights are random but the same in every run, and large enough that logits differ."""
    keras.utils.set_random_seed(1)
    model = make(**arguments)
    generator = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable + generator.normal(0, 0.1, variable.shape))
    return model


@pytest.fixture(scope="session")
def texts():
    return list(TEXTS)


@pytest.fixture(scope="session", params=sorted(TOKENIZERS))
def tokenizer(request):
    return TOKENIZERS[request.param]()


@pytest.fixture(scope="session", params=sorted(MODELS))
def make_model(request):
    """Builds one of the models; keyword arguments override its sizes."""
    return lambda **arguments: seeded(MODELS[request.param], **arguments)


@pytest.fixture(scope="session")
def model(make_model):
    """One of the models with a tokenizer; tests must leave it as it is."""
    return make_model(tokenizer=TOKENIZERS["whitespace"]())


@pytest.fixture(scope="session")
def logits_after():
    """What generation and scores must equal: the logits after the last of any number of ids, without a cache."""

    def logits(model, ids):
        ids = np.array(ids, "int32")[None]
        if model.rolling_cache:  # one forward of the whole text, in which each position sees the last context_length
            return np.array(model.head(model.hidden(ids)))[0, -1]
        return np.array(model(ids[:, -model.context_length :]))[0, -1]  # the last context_length tokens, from 0

    return logits


@pytest.fixture(scope="session")
def mini_lm():
    """One post-norm MiniLM, where the kind of model does not matter; tests must leave it as it is."""
    return seeded(MODELS["mini_lm_post"], tokenizer=TOKENIZERS["whitespace"]())


@pytest.fixture(scope="session")
def ending_lm():
    """A MiniLM whose tokenizer has an end token."""
    return seeded(MODELS["mini_lm_pre"], tokenizer=TOKENIZERS["whitespace_with_end"]())
