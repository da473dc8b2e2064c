"""Weight decay and Muon go by what a layer is: no name that a user gives turns them off."""

import keras
import pytest

from tests.conftest import TOKENIZERS, TRAINED, seeded
from tinylm_keras import load_model
from tinylm_keras.layers.dense import Dense
from tinylm_keras.layers.token_embedding import Embedding
from tinylm_keras.models import LanguageModel, MiniLM, roles
from tinylm_keras.recipe import registry

NAMES = ["mini_lm", "embedding_study", "head", "my_embedding_head", "kernel", "größe 1"]
MATRICES = 4 * 2  # of the blocks: query_key_value, projection, expand, contract


def decayed(model):
    return [v for v in model.trainable_variables if model.optimizer._use_weight_decay(v)]


def by_muon(model):
    """Muon keeps a velocity for what Adam trains."""
    velocities = model.optimizer.adam_velocities
    return [v for v, velocity in zip(model.trainable_variables, velocities, strict=True) if velocity is None]


def named(name):
    return MiniLM(10, context_length=4, embed_dim=4, num_heads=1, feed_forward_dim=8, name=name)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_model_decides_nothing_also_after_loading(name, tmp_path):
    model = named(name)
    for optimizer, matrices in (
        (keras.optimizers.AdamW(0.1, weight_decay=0.5), None),
        (keras.optimizers.Muon(0.1, exclude_layers=[roles.HEAD]), MATRICES),
        (keras.optimizers.Muon(0.1, exclude_layers=["head"]), MATRICES),
        (keras.optimizers.Muon(0.1), MATRICES + 1),
        (keras.optimizers.Muon(0.1, exclude_layers=["block_0/"], exclude_embeddings=False), 4 + 1 + 2),
    ):
        model.compile(optimizer, jit_compile=False)
        model.save(tmp_path / "model.keras")
        for one in (model, load_model(tmp_path / "model.keras")):
            assert len(decayed(one)) == MATRICES + 1  # with the head
            assert all(variable.name == "kernel" for variable in decayed(one))
            if matrices is not None:
                assert len(by_muon(one)) == matrices
                decisions = [not one.optimizer._should_use_adamw(v) for v in one.trainable_variables]
                assert sum(decisions) == matrices


class Named(LanguageModel):
    """Layers named as what they are not, and another model inside."""

    def __init__(self, **kwargs):
        super().__init__(10, context_length=4, **kwargs)
        self.table = Embedding(10, 4, name="dense")
        self.mixer = Dense(4, name="embedding_mixer")
        self.hidden_head = Dense(4, name="head")
        self.other = named("head")
        self.head = Dense(10, name="logits")
        self.build((None, None))

    def build(self, input_shape):
        self.table.build(input_shape)
        for layer in (self.mixer, self.hidden_head, self.head):
            layer.build((None, None, 4))


def test_the_names_of_layers_decide_nothing():
    model = Named(name="embedding")
    model.compile(keras.optimizers.AdamW(0.1, weight_decay=0.5), jit_compile=False)
    assert len(decayed(model)) == 3 + (MATRICES + 1)
    model.compile(keras.optimizers.Muon(0.1, exclude_layers=[roles.HEAD]), jit_compile=False)
    inner = [weight for weight in model.other.weights if weight.name == "kernel"]
    expected = {id(variable) for variable in (model.mixer.kernel, model.hidden_head.kernel, *inner)}
    assert {id(variable) for variable in by_muon(model)} == expected


class EmbeddingMixer(keras.layers.Layer):
    """Named as what it is not, around a dense layer; the table is its own."""

    def build(self, input_shape):
        self.dense = Dense(4)
        self.dense.build(input_shape)
        self.table = self.add_weight(shape=(4, 4), name="table")


class EmbeddingDense(keras.layers.Dense):
    """A dense layer all the same."""


def test_what_is_in_a_layer_goes_by_its_own_class():
    class Mixed(MiniLM):
        def build(self, input_shape):
            self.mixer, self.last = EmbeddingMixer(), EmbeddingDense(4)
            for layer in (self.mixer, self.last):
                layer.build((None, None, 4))
            super().build(input_shape)

    model = Mixed(10, context_length=4, embed_dim=4, num_heads=1, feed_forward_dim=8)
    model.compile(keras.optimizers.Muon(0.1, exclude_layers=[roles.HEAD]), jit_compile=False)
    assert len(decayed(model)) == MATRICES + 1 + 2
    assert len(by_muon(model)) == MATRICES + 2
    for found in (decayed(model), by_muon(model)):
        names = {id(variable) for variable in found}
        assert {id(model.mixer.dense.kernel), id(model.last.kernel)} <= names
        assert id(model.mixer.table) not in names


@pytest.mark.parametrize("kind", TRAINED)
def test_embeddings_and_what_is_no_matrix_never_decay(kind):
    model = seeded(TRAINED[kind], tokenizer=TOKENIZERS["whitespace"](), name="head")
    model.compile(keras.optimizers.Muon(0.1, exclude_layers=[roles.HEAD]), jit_compile=False)
    assert all(variable.name == "kernel" for variable in (*decayed(model), *by_muon(model)))
    assert len(decayed(model)) - len(by_muon(model)) == (0 if kind == "bigram_lm" else 1)


def test_what_the_user_excluded_from_weight_decay_stays_excluded():
    model = named("mini_lm")
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[model.head.kernel])
    model.compile(optimizer, jit_compile=False)
    assert len(decayed(model)) == MATRICES


def test_the_pattern_of_the_recipes_is_the_one_that_means_the_head():
    assert registry.OPTIMIZERS["muon"].fixed["exclude_layers"] == [roles.HEAD]
