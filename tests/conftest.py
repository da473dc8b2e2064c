"""The family under test: every law holds for each model of `specs.py` and each tokenizer in the table below."""

import functools
import importlib.metadata
import math
import os
import signal
import types

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

from tinylm_keras import counting, specs
from tinylm_keras.baselines import MixtureLM, NGramLM
from tinylm_keras.recipe import registry
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

# Where keras-hub itself imports TensorFlow, nothing that uses it runs without.
needs_no_tensorflow = pytest.mark.skipif(
    tuple(map(int, importlib.metadata.version("keras-hub").split(".")[:2])) <= (0, 26),
    reason="keras-hub 0.26 imports TensorFlow, also on the JAX backend",
)

# A shell starts what runs in the background deaf to Ctrl-C, and `nohup` to a closed terminal; the commands that are
# tested would be so too.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

TEXTS = [
    "the cat sat on the mat",
    "a dog ran after the cat and the cat ran up a tree",
    "the bird sang",
    "a small bird and a big dog sat down by the tree to rest",
    "the dog dug a hole",
    "up in the tree the bird saw the mat and the hole",
]

# Of these each model is given the sizes that it takes.
SMALL = {
    "context_length": 12,
    "embed_dim": 16,
    "num_heads": 2,
    "feed_forward_dim": 32,
    "num_blocks": 2,
    "hidden_dim": 32,
    "window": 5,
}
VARIANTS = {"minilm": {"mini_lm_post": {"norm": "post"}, "mini_lm_pre": {"norm": "pre", "activation": "gelu"}}}

TOKENIZERS = {
    "whitespace": lambda: WhitespaceTokenizer().adapt(TEXTS),
    "whitespace_with_end": lambda: WhitespaceTokenizer(end_token="<end>").adapt(TEXTS),
    "word_punct": lambda: WordPunctTokenizer().adapt([*TEXTS, "The cat's mat: \"I've 1,000 well-made (red) mats!\""]),
    "character": lambda: CharacterTokenizer().adapt([*TEXTS, "\n\t\u2028\x85é🙂"]),
    "character_with_end": lambda: CharacterTokenizer(end_token="<end>").adapt(TEXTS),
    "byte_pair": lambda: BytePairTokenizer(max_tokens=300).adapt([*TEXTS, "a   b\n\n\n" * 9]),
    "byte_pair_with_end": lambda: BytePairTokenizer(max_tokens=300, end_token="<end>").adapt(TEXTS),
}


def counted(vocabulary_size=None, tokenizer=None, pad_id=None, dropout=None, **arguments):
    """An NGramLM of ids by chance, in which every token has come; it has no dropout that a test could set."""
    size = tokenizer.vocabulary_size() if vocabulary_size is None else vocabulary_size
    pad_id = tokenizer.pad_id if pad_id is None and tokenizer is not None else pad_id
    ids = np.random.default_rng(1).choice(size, 30 * size, p=np.random.default_rng(2).dirichlet(np.full(size, 5)))
    text = np.concatenate([ids, np.arange(size), ids[:size]]).astype("int32")
    counts = counting.count(counting.rows_of(text, pad_id=pad_id), size, order=4, pad_id=pad_id)
    return NGramLM.of(counts, tokenizer=tokenizer, pad_id=pad_id, **{"context_length": 12, **arguments})


def small(spec, **fixed):
    """Builds the model of a `ModelSpec` in a small size; where it has no dropout, one that is asked for is left out."""
    takes = {name: size for name, size in SMALL.items() if name in spec.arguments} | fixed

    def make(**arguments):
        if "dropout" not in spec.arguments:
            arguments.pop("dropout", None)
        return registry.MODELS[spec.name].load()(**{**takes, **arguments})

    return make


# Those that train with a gradient.
TRAINED = {
    name: small(spec, **fixed)
    for spec in specs.MODELS.values()
    if spec.name
    for name, fixed in VARIANTS.get(spec.name, {f"{spec.name}_lm": {}}).items()
}


def mixed(**arguments):
    """A RotaryLM and counts in one model, with another share for each length of a known context."""
    sizes = {"vocabulary_size", "tokenizer", "pad_id", "context_length"}
    counts = counted(**{name: value for name, value in arguments.items() if name in sizes})
    own = {name: value for name, value in arguments.items() if name == "dtype"}
    model = MixtureLM(TRAINED["rotary_lm"](**arguments), counts, **own)
    model.mixing.shares.assign(np.linspace(0.2, 0.8, len(model.shares)))
    return model


MODELS = {**TRAINED, "ngram_lm": counted, "mixture_lm": mixed}


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


@pytest.fixture(scope="session")
def one_of_each_tokenizer():
    """A tokenizer of each class, by its name in the table."""
    return {
        name: TOKENIZERS[name]() for name in ("whitespace_with_end", "word_punct", "character", "byte_pair_with_end")
    }


@pytest.fixture(scope="session", params=sorted(MODELS))
def make_model(request):
    """Builds one of the models; keyword arguments override its sizes."""
    return lambda **arguments: seeded(MODELS[request.param], **arguments)


@pytest.fixture(scope="session", params=sorted(TRAINED))
def make_trained_model(request):
    """As `make_model`, for the models that train."""
    return lambda **arguments: seeded(TRAINED[request.param], **arguments)


@pytest.fixture(scope="session")
def every_model():
    """What `make_model` gives, for all models at once, by name."""
    return {name: functools.partial(seeded, make) for name, make in MODELS.items()}


@pytest.fixture(scope="session")
def model(make_model):
    """One of the models with a tokenizer; tests must leave it as it is."""
    return make_model(tokenizer=TOKENIZERS["whitespace"]())


@pytest.fixture(scope="session")
def logits_after():
    """What generation and scores must equal: the logits after the last of any number of ids, without a cache."""

    def logits(model, ids):
        ids = np.array(ids, "int32")[None]
        if (
            model.sliding_window_cache
        ):  # one forward of the whole text, in which each position sees the last context_length
            return np.array(model.head(model.hidden_states(ids)))[0, -1]
        return np.array(model(ids[:, -model.context_length :]))[0, -1]  # the last context_length tokens, from 0

    return logits


@pytest.fixture(scope="session")
def make_mini_lm():
    """Builds a post-norm MiniLM, where the kind of model does not matter."""
    return lambda **arguments: seeded(MODELS["mini_lm_post"], **arguments)


@pytest.fixture(scope="session")
def mini_lm(make_mini_lm):
    """One post-norm MiniLM, where the kind of model does not matter; tests must leave it as it is."""
    return make_mini_lm(tokenizer=TOKENIZERS["whitespace"]())


@pytest.fixture(scope="session")
def tiny_lm(tokenizer):
    """The smallest MiniLM, where only the tokenizer matters, for each of them; tests must leave it as it is."""
    return seeded(MODELS["mini_lm_post"], tokenizer=tokenizer, num_blocks=1, context_length=8)


@pytest.fixture(scope="session")
def ending_lm():
    """A MiniLM whose tokenizer has an end token."""
    return seeded(MODELS["mini_lm_pre"], tokenizer=TOKENIZERS["whitespace_with_end"]())


@pytest.fixture
def made_up(monkeypatch):
    """Replaces the training of experiments, so that what surrounds it is tested in milliseconds.

    An object: `trained`, the recipes so far; `loss`, a function of a recipe (nan: diverged); `stop_at`, after how many
    runs Ctrl-C comes.
    """
    from tinylm_keras.baselines.comparison import Comparison
    from tinylm_keras.experiments import estimates, runs, sweep
    from tinylm_keras.training.divergence import Diverged

    state = types.SimpleNamespace(trained=[], loss=lambda recipe: 1.0 + 0.1 * recipe.seed, stop_at=None)

    def run(recipe, corpus, folder, follower, source, **others):
        if len(state.trained) == state.stop_at:
            raise KeyboardInterrupt
        state.trained.append(recipe)
        loss = state.loss(recipe)
        if not math.isfinite(loss):
            raise Diverged("The loss became nan at step 2.")
        if folder is not None:
            folder.create({"recipe": {}})
        return types.SimpleNamespace(loss=loss, count_params=lambda: 7)

    def judge(model, corpus):
        return model.loss, model.loss / math.log(2)

    monkeypatch.setattr(runs, "run", run)
    monkeypatch.setattr(sweep, "_judge", judge)
    monkeypatch.setattr(Comparison, "_judge", lambda self, model, corpus: judge(model, corpus))
    monkeypatch.setattr(estimates, "expected", lambda recipe, corpus: (60.0, recipe.steps))
    return state
