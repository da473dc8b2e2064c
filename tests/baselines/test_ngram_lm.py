"""NGramLM: counting texts of every kind, the same numbers as in numpy, and no training."""

import pathlib

import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import counting, evaluation
from tinylm_keras.training import start

CORPORA = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data"


@pytest.fixture(scope="module")
def stories():
    return tlm.stories.write(60, seed=1)


@pytest.fixture(scope="module", params=["<end>", None])
def tokenizer(request, stories):
    return tlm.CharacterTokenizer(end_token=request.param).adapt(stories)


def test_scores_are_the_probabilities_of_the_counts(tokenizer, stories):
    model = tlm.NGramLM.count(stories[:50], tokenizer, order=5)
    for story in stories[50:53]:
        scores = model.score(story)
        rows = [model.prompt_ids(story)]
        expected = np.log(model.counts.probabilities(rows)[0])[-len(scores) :]
        assert len(scores) > model.context_length
        assert scores == pytest.approx(expected, abs=1e-4)


def test_texts_a_stream_and_ids_are_counted_alike(tokenizer, stories):
    end = [] if tokenizer.end_id is None else [tokenizer.end_id]
    rows = [[*end, *ids, *end] for ids in tokenizer.tokenize(stories)]
    models = [
        tlm.NGramLM.count(stories, tokenizer, order=4),
        tlm.NGramLM.count(rows, tokenizer, order=4),
        tlm.NGramLM.count(rows, order=4, vocabulary_size=tokenizer.vocabulary_size(), pad_id=tokenizer.pad_id),
    ]
    if end:
        models.append(tlm.NGramLM.count(tlm.data.concatenate(stories, tokenizer), tokenizer, order=4))
    for model in models[1:]:
        for weight, other in zip(model.weights, models[0].weights, strict=True):
            assert np.array_equal(np.array(weight), np.array(other))
    assert models[0].first_tokens == tlm.data.concatenate(stories, tokenizer).first_tokens


def test_evaluate_judges_each_text_from_its_beginning(stories):
    tokenizer = tlm.WordPunctTokenizer(end_token="<end>").adapt(stories)
    model = tlm.NGramLM.count(stories[:50], tokenizer, order=3, context_length=200)
    found = evaluation.evaluate(model, stories[50:], layout="padded")
    rows = [[tokenizer.end_id, *ids, tokenizer.end_id] for ids in tokenizer.tokenize(stories[50:])]
    assert found.loss == pytest.approx(np.log(2) * model.counts.bits(rows).mean(), rel=1e-4)


def test_the_order_is_chosen_by_the_validation_text(tokenizer, stories):
    model = tlm.NGramLM.count(stories[:50], tokenizer, validation=stories[50:])
    other = tlm.NGramLM.count(stories[:50], tokenizer)
    assert model.order > 2 and other.order > 2
    longer = tlm.NGramLM.count(stories[:50], tokenizer, order=model.order)
    assert all(np.array_equal(np.array(a), np.array(b)) for a, b in zip(model.weights, longer.weights, strict=True))


def test_a_model_writes_texts_that_end(stories):
    tokenizer = tlm.WordPunctTokenizer(end_token="<end>").adapt(stories)
    model = tlm.NGramLM.count(stories, tokenizer)
    written = model.generate([""] * 5, max_new_tokens=400, seed=1)
    assert len(set(written)) == 5
    words = set(tokenizer.token_strings(" ".join(stories)))
    assert all(set(tokenizer.token_strings(text)) <= words for text in written)
    assert sum(len(tokenizer.tokenize(text)) < 400 for text in written) >= 4


def test_an_empty_prompt_begins_as_the_texts_did(stories):
    model = tlm.NGramLM.count(stories, tlm.CharacterTokenizer().adapt(stories), order=3)
    written = model.generate(["", "", ""], max_new_tokens=5, seed=0)
    assert {text[0] for text in written} <= {story[0] for story in stories}


def test_at_most_max_counts_n_grams_are_kept(tokenizer, stories):
    model = tlm.NGramLM.count(stories, tokenizer, order=6, max_counts=900)
    assert model.get_config()["num_counts"] <= 900
    ids = tokenizer.tokenize(stories[0])[None, :100]
    assert np.abs(np.exp(np.array(model(ids))).sum(axis=-1) - 1).max() < 1e-5


@pytest.mark.parametrize(("name", "bits"), [("corpora/alice.txt", 2.03), ("tinyshakespeare.txt", 2.21)])
def test_counting_is_no_straw_man(name, bits):
    path = CORPORA / name
    if not path.exists():
        pytest.skip("this text is not on this machine")
    text = path.read_text(encoding="utf-8")
    cut = len(text) * 9 // 10
    tokenizer = tlm.CharacterTokenizer().adapt([text[:cut]])
    rows = [[tokenizer.tokenize(part)] for part in (text[:cut], text[cut:])]
    counts = counting.count_in_best_order(rows[0], tokenizer.vocabulary_size(), pad_id=tokenizer.pad_id)
    assert counts.bits(rows[1]).mean() <= bits


def test_training_is_refused_in_one_line(stories, tmp_path):
    tokenizer = tlm.CharacterTokenizer().adapt(stories)
    model = tlm.NGramLM.count(stories, tokenizer, order=2)
    batches = tlm.data.lines(stories, tokenizer, context_length=64)
    x, y = batches.batch(0)
    for train in (lambda: model.fit(batches), lambda: model.fit_in_run(batches), lambda: model.train_on_batch(x, y)):
        with pytest.raises(ValueError, match="An NGramLM is counted and cannot be trained") as error:
            train()
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="`init` must be a model that can be trained, and an NGramLM cannot"):
        start.existing_model(model, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": "one text"}, r"`texts` must be a list of strings"),
        ({"texts": ["a b"], "tokenizer": None}, r"`vocabulary_size` is needed without a tokenizer"),
        ({"texts": ["ab"], "tokenizer": None, "vocabulary_size": 9}, r"`tokenizer` is needed to count text"),
        ({"texts": []}, r"`rows` must hold a row of at least two ids"),
        ({"order": "best"}, r'`order` must be "auto" or a whole number from 1 to 24. Received: order=.best'),
        ({"order": 99}, r"`order` must be a whole number from 1 to 24"),
        ({"validation": "text"}, r"`validation` must be a list of strings"),
        ({"widow": 3}, r"`widow` must be an argument of NGramLM"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    texts = ["the cat", "the dog"]
    given = {"texts": texts, "tokenizer": tlm.CharacterTokenizer().adapt(texts), **arguments}
    with pytest.raises(ValueError, match=message) as error:
        tlm.NGramLM.count(**given)
    assert "\n" not in str(error.value)
