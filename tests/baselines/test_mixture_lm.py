"""MixtureLM: shares that are better than either alone, training of the network alone, and files that are refused."""

import copy

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tests.archive import hostile
from tinylm_keras import archive
from tinylm_keras.baselines.layers.mixing import fit_shares
from tinylm_keras.baselines.mixture_lm import mix
from tinylm_keras.data.strided_windows import strided_windows

SIZES = {"context_length": 12, "embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8}


@pytest.fixture(scope="module")
def parts():
    """A network that was trained a little, counts of less text, and text that neither has seen."""
    texts = tlm.stories.write(40, seed=1)
    tokenizer = tlm.CharacterTokenizer(end_token="<end>").adapt(texts)
    network = tlm.RotaryLM(tokenizer=tokenizer, **SIZES, logit_soft_cap=None)
    network.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    batches = tlm.data.windows(
        tlm.data.concatenate(texts[:30], tokenizer), context_length=12, batch_size=32, steps=40, seed=1
    )
    network.fit(batches, epochs=1, verbose=0)
    counts = tlm.NGramLM.count(texts[:2], tokenizer, order=3, context_length=12)
    return network, counts, strided_windows(texts[30:], tokenizer, context_length=12)


@pytest.fixture(scope="module")
def mixed(parts):
    return mix(*parts)


@pytest.fixture(scope="module")
def file(mixed, tmp_path_factory):
    path = tmp_path_factory.mktemp("mixture") / "model.keras"
    mixed[0].save(path)
    return path


def test_the_fitted_shares_are_better_than_either_alone_on_the_other_half(mixed):
    model, found = mixed
    assert found.loss < min(found.network_loss, found.counts_loss) - 0.01
    assert ((model.shares > 0) & (model.shares < 1)).all()


def test_a_single_window_has_two_halves(parts):
    network, counts, _ = parts
    found = mix(network, counts, strided_windows(["One day"], network.tokenizer, context_length=12))[1]
    assert np.isfinite([found.loss, found.network_loss, found.counts_loss]).all()


def test_what_the_mixture_gives_is_the_mixed_probability(mixed):
    model = mixed[0]
    ids = model.tokenizer.tokenize("One day, Tom")[None]
    network, counts = (np.array(part(ids), "float64") for part in (model.network, model.counts))
    network = np.exp(network) / np.exp(network).sum(axis=-1, keepdims=True)
    known = np.array(model.counts.head.known(model.counts.hidden_states(ids)))
    share = model.shares[known][..., None]
    assert np.exp(np.array(model(ids))) == pytest.approx(share * network + (1 - share) * np.exp(counts), abs=1e-6)


def test_shares_of_lengths_that_never_came_are_that_of_all():
    first, second = np.full(100, 0.6), np.full(100, 0.2)
    assert fit_shares(first, second, np.zeros(100, int), 2) == pytest.approx([1.0, 1.0, 1.0], abs=0.01)
    both = fit_shares(np.r_[first, second], np.r_[second, first], np.repeat([0, 1], 100), 2)
    assert both[0] > 0.9 > both[2] > 0.1 > both[1]


def test_fit_trains_the_network_by_its_own_loss_and_nothing_else(mixed, tmp_path):
    mixed[0].save(tmp_path / "model.keras")
    model = tlm.load_model(tmp_path / "model.keras")
    alone = tlm.RotaryLM(tokenizer=model.tokenizer, **SIZES, logit_soft_cap=None)
    alone.set_weights(model.network.get_weights())
    kept = [np.array(weight) for weight in (*model.counts.weights, *model.mixing.weights)]
    shape = {"context_length": 12, "batch_size": 8}
    batches = tlm.data.windows(tlm.data.concatenate(tlm.stories.write(5), model.tokenizer), **shape, steps=3, seed=2)
    losses = []
    for one in (model, alone):
        one.compile("sgd", jit_compile=False)
        losses.append(one.fit(batches, epochs=2, verbose=0).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for ours, theirs in zip(model.network.get_weights(), alone.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
    for before, after in zip(kept, (*model.counts.weights, *model.mixing.weights), strict=True):
        assert np.array_equal(before, np.array(after))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda network, counts: (counts, counts),
            "`network` must be a model that can be trained. Received: network='NGramLM'.",
        ),
        (
            lambda network, counts: (tlm.MixtureLM(network, counts), counts),
            "`network` must be a model that can be trained",
        ),
        (
            lambda network, counts: (tlm.BigramLM(tokenizer=network.tokenizer, context_length=8), counts),
            "`counts` must have the context_length of the network, 8. Received: counts=12.",
        ),
        (
            lambda network, counts: (tlm.BigramLM(vocabulary_size=9, context_length=12), counts),
            "`counts` must have the vocabulary_size of the network, 9.",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused_in_one_line(parts, change, message):
    with pytest.raises(ValueError) as refused:
        tlm.MixtureLM(*change(*parts[:2]))
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)


def part(entry, **changes):
    def change(tree):
        tree["config"][entry]["config"].update(changes)

    return change


def of_class(entry, name, module="tinylm_keras.models"):
    def change(tree):
        tree["config"][entry].update(class_name=name, module=module, registered_name=f"tinylm_keras>{name}")

    return change


def whole(**changes):
    return lambda tree: tree["config"].update(changes)


def nested(tree):
    tree["config"]["network"] = {key: copy.deepcopy(tree[key]) for key in ("module", "class_name", "config")} | {
        "registered_name": tree["registered_name"]
    }


HOSTILE = {
    "a lambda as network": (whole(network=hostile.LAMBDA), "names 'Lambda' of 'keras.layers'.*, as 'network'"),
    "a lambda as counts": (whole(counts=hostile.LAMBDA), "names 'Lambda' of 'keras.layers'.*, as 'counts'"),
    "a lambda inside the network": (part("network", tokenizer=hostile.LAMBDA), "names 'Lambda' of 'keras.layers'"),
    "counts as network": (of_class("network", "NGramLM"), "names 'NGramLM' .*, as 'network'"),
    "a network as counts": (of_class("counts", "RotaryLM"), "names 'RotaryLM' .*, as 'counts'"),
    "a mixture in a mixture": (nested, "names 'MixtureLM' .*, as 'network'"),
    "no network": (lambda tree: tree["config"].pop("network"), "has a network that is not a model"),
    "no counts": (lambda tree: tree["config"].pop("counts"), "has a counts that is not a model"),
    "text as network": (whole(network="RotaryLM"), "has a network that is not a model, 'RotaryLM'"),
    "an unknown entry": (whole(path="/tmp/x"), "has an entry in its MixtureLM that this version does not know, 'path'"),
    "an unknown entry of the network": (part("network", path="x"), "has an entry in its RotaryLM .* know, 'path'"),
    "an unknown entry of the counts": (part("counts", embed_dim=8), "has an entry in its NGramLM .* know, 'embed_dim'"),
    "a network of another vocabulary": (part("network", vocabulary_size=7), "another vocabulary_size than its network"),
    "counts of another context": (part("counts", context_length=7), "has another context_length than its counts"),
    "counts of other padding": (part("counts", pad_id=3), "has another pad_id than its counts"),
    "more counts than the file holds": (part("counts", num_counts=1 << 22), "asks for .* weights and holds"),
    "more contexts than there can be": (part("counts", num_contexts=1 << 26), "has a num_contexts that is not"),
    "a wide network": (part("network", embed_dim=1 << 12), "asks for .* weights and holds"),
    "a version of text": (part("network", format_version="3"), "has an invalid format_version"),
    "a later version of a part": (part("counts", format_version=99), "was written by a newer tinylm_keras"),
    "frozen layers of a part that are none": (part("network", frozen=[1]), "does not contain names of layers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mixture_is_refused_in_one_line(file, tmp_path, name):
    change, message = HOSTILE[name]
    path = tmp_path / "model.keras"
    path.write_bytes(file.read_bytes())

    def changed(tree):
        change(tree)
        return tree

    hostile.change_config(path, changed)
    with pytest.raises(ValueError, match=message) as refused:
        archive.check(path)
    assert "\n" not in str(refused.value) and str(refused.value).startswith(str(path))


def test_the_mixture_itself_passes(file):
    assert archive.check(file) == []
