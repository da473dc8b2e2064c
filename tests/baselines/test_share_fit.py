"""ShareFit: what is chosen is chosen on one half of a text, and what is reported is of the other."""

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras.baselines import share_fit
from tinylm_keras.baselines.layers.mixing import fit_shares
from tinylm_keras.baselines.share_fit import ShareFit
from tinylm_keras.data.strided_windows import strided_windows

TEXTS = tlm.stories.write(40, seed=1)
TOKENIZER = tlm.CharacterTokenizer(end_token="<end>").adapt(TEXTS)
COUNTS = tlm.NGramLM.count(TEXTS[:2], TOKENIZER, order=3, context_length=12)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    sizes = {"context_length": 12, "embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8}
    return tlm.RotaryLM(tokenizer=TOKENIZER, **sizes, logit_soft_cap=None)


def halves(network, windows):
    """By hand, for the targets of each half: probabilities of the network and of the counts, and the known contexts."""
    found, number = ([], []), 0
    of_counts, known = COUNTS.counts.probabilities(windows.rows())
    place = 0
    for x, y in windows:
        logits = np.array(network(x), "float64")
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        for row, targets in zip(probabilities, y, strict=True):
            for shares, target in zip(row, targets, strict=True):
                if target != windows.pad_id:
                    found[number % 2].append((shares[target], of_counts[place], known[place]))
                    place += 1
            number += 1
    return [[np.array(part) for part in zip(*half, strict=True)] for half in found]


def loss(shares, network, counts, known):
    share = shares[known]
    return -np.log(share * network + (1 - share) * counts).mean()


@pytest.mark.parametrize("layout", ["packed", "padded"])
def test_shares_and_steps_are_chosen_on_one_half_and_the_result_is_of_the_other(network, layout):
    windows = strided_windows(TEXTS[30:], TOKENIZER, context_length=12, layout=layout)
    first, second = halves(network, windows)
    fit = ShareFit(network, COUNTS, windows)
    shares = fit_shares(*first, COUNTS.receptive_field)
    assert fit.first_half_loss() == pytest.approx(loss(shares, *first), abs=1e-5)
    found = fit.fit()
    assert found.shares == pytest.approx(shares, abs=1e-4)
    assert found.loss == pytest.approx(loss(shares, *second), abs=1e-5)
    alone = [-np.log(second[part]).mean() for part in (0, 1)]
    assert [found.network_loss, found.counts_loss] == pytest.approx(alone, abs=1e-5)


def test_the_loss_follows_the_weights_of_the_network(network):
    fit = ShareFit(network, COUNTS, strided_windows(TEXTS[30:], TOKENIZER, context_length=12))
    before, weights = fit.first_half_loss(), network.get_weights()
    assert fit.first_half_loss() == before
    generator = np.random.default_rng(1)
    network.set_weights([weight + generator.normal(0, 0.3, weight.shape) for weight in weights])
    assert fit.first_half_loss() != before
    network.set_weights(weights)
    assert fit.first_half_loss() == before


def test_of_a_long_text_a_spread_part_of_the_half_is_compared(network, monkeypatch):
    windows = strided_windows(TEXTS[20:], TOKENIZER, context_length=12, batch_size=4)
    whole, batches = ShareFit(network, COUNTS, windows), []
    monkeypatch.setattr(share_fit, "MOST_COMPARED", 300)
    part = ShareFit(network, COUNTS, windows)
    assert part.first_half_loss(between=lambda: batches.append(1)) != whole.first_half_loss()
    assert 300 / (12 * 4) <= len(batches) <= 2 + 300 / (6 * 4)
    assert part.fit().loss == whole.fit().loss


@pytest.mark.parametrize("text", ["One day", "a"])
def test_a_single_window_has_a_half_to_choose_on(network, text):
    fit = ShareFit(network, COUNTS, strided_windows([text], TOKENIZER, context_length=12))
    assert np.isfinite(fit.first_half_loss()) and np.isfinite(fit.fit().shares).all()
