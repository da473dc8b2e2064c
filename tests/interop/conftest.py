"""Small models with weights by chance, made once for each tokenizer and setting."""

import functools

import numpy as np
import pytest

from tests.conftest import TEXTS
from tinylm_keras.models import MiniLM, RotaryLM
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

SIZES = {"context_length": 12, "embed_dim": 12, "num_heads": 2, "feed_forward_dim": 20, "num_blocks": 2}
MADE = {
    "whitespace": lambda: WhitespaceTokenizer(end_token="<end>").adapt(TEXTS),
    "word_punct": lambda: WordPunctTokenizer(end_token="<end>").adapt([*TEXTS, "The cat's mat: (red) mats!"]),
    "character": lambda: CharacterTokenizer().adapt([*TEXTS, "\n\té\u2028"]),
    "byte_pair": lambda: BytePairTokenizer(max_tokens=300, end_token="<end>").adapt(TEXTS),
}


@functools.cache
def _tokenizer(name):
    return MADE[name]()


@functools.cache
def _model(tokenizer, items):
    settings = dict(items)
    kind = RotaryLM if settings.pop("rotary", False) else MiniLM
    if kind is RotaryLM:
        settings = {"logit_soft_cap": None, **settings}
    model = kind(tokenizer=tokenizer and _tokenizer(tokenizer), **SIZES, **settings)
    numbers = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(weight + numbers.normal(0, 0.3, weight.shape))
    model.generation_defaults = {"temperature": 0.7, "max_new_tokens": 9}
    return model


@pytest.fixture(scope="session")
def tokenizer_named():
    """A tokenizer of each class by name, with few tokens."""
    return _tokenizer


@pytest.fixture(scope="session")
def small_model():
    """`small_model("character", norm="pre")`: tests must leave it as it is."""
    return lambda tokenizer="whitespace", **settings: _model(tokenizer, tuple(sorted(settings.items())))


@pytest.fixture
def mixture():
    """A network of its own and counts of the texts, in one model."""
    from tinylm_keras.baselines import MixtureLM, NGramLM

    tokenizer = _tokenizer("character")
    counts = NGramLM.count(TEXTS, tokenizer, order=3, context_length=SIZES["context_length"])
    model = MixtureLM(MiniLM(tokenizer=tokenizer, norm="pre", **SIZES), counts)
    model.generation_defaults = {"temperature": 0.5}
    return model
