"""Evaluation: each figure against its definition, worked out another way."""

import collections
import dataclasses
import math

import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import evaluation

LINES = ["the cat sat on the mat", "a dog ran", "the bird sang up in the tree"]


def nats_of_each_target(model, texts):
    """-log p of every target of the lines layout, from `model.score`, which knows nothing of batches."""
    return np.concatenate([-model.score(np.append(model.prompt_ids(text), model.end_id)) for text in texts])


def test_loss_and_perplexity_of_lines_are_those_of_each_text_alone(make_model, ending_lm):
    model = make_model(tokenizer=ending_lm.tokenizer)
    nats = nats_of_each_target(model, LINES)
    found = evaluation.evaluate(model, LINES, layout="padded", batch_size=2)
    assert found.tokens == len(nats) == 6 + 3 + 7 + 3
    assert found.loss == pytest.approx(nats.mean(), rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(nats.mean()), rel=1e-5)
    bits = nats.sum() / math.log(2) / sum(map(len, LINES))
    assert found.bits_per_character == pytest.approx(bits, rel=1e-5)


def test_the_size_of_a_batch_changes_nothing(ending_lm):
    for layout in ("padded", "packed"):
        one, many = (evaluation.evaluate(ending_lm, LINES, layout=layout, batch_size=size) for size in (1, 32))
        assert one.loss == pytest.approx(many.loss, rel=1e-5)
        rest = [
            {**dataclasses.asdict(found), "loss": 0, "perplexity": 0, "bits_per_character": 0} for found in (one, many)
        ]
        assert rest[0] == rest[1]


def test_every_token_of_the_windows_is_evaluated_once(ending_lm):
    ids = tlm.data.concatenate(LINES, ending_lm.tokenizer).ids
    examples = evaluation.batches(LINES, ending_lm.tokenizer, "packed", 4, 3)
    assert evaluation.targets(examples, ending_lm.pad_id).tolist() == ids[1:].tolist()


def test_auto_takes_lines_only_when_nine_tenths_of_the_texts_fit(ending_lm):
    fits, too_long = "the cat", " ".join(["the"] * (ending_lm.context_length))
    assert evaluation.choose_layout(ending_lm, [fits] * 9 + [too_long]) == "padded"
    assert evaluation.choose_layout(ending_lm, [fits] * 8 + [too_long] * 2) == "packed"
    longest = " ".join(["the"] * (ending_lm.context_length - 1))
    assert evaluation.choose_layout(ending_lm, [longest]) == "padded"


def test_unknown_words_are_counted(ending_lm):
    assert evaluation.evaluate(ending_lm, ["the zyx sat", "qwv ran"]).unknown == 2


def test_a_text_longer_than_the_context_is_evaluated_to_its_end(ending_lm):
    long = " ".join(["the"] * 40)
    assert evaluation.evaluate(ending_lm, [long, "a dog"], layout="padded").tokens == 41 + 3
    nats = nats_of_each_target(ending_lm, [long])
    assert evaluation.evaluate(ending_lm, [long], layout="padded").loss == pytest.approx(nats.mean(), rel=0.05)


def test_the_characters_between_texts_count_where_an_end_token_tells_of_them(ending_lm, mini_lm):
    without, counted = (evaluation.evaluate(ending_lm, LINES, separator=sign) for sign in (None, "\n"))
    characters = sum(map(len, LINES))
    assert counted.loss == without.loss
    assert counted.bits_per_character == pytest.approx(without.bits_per_character * characters / (characters + 3))
    bare = [evaluation.evaluate(mini_lm, LINES, separator=sign).bits_per_character for sign in (None, "\n")]
    assert mini_lm.tokenizer.end_id is None
    assert bare[0] == bare[1]


@pytest.mark.parametrize(
    ("tokenizer", "lossy"),
    [
        (tlm.WhitespaceTokenizer(), True),
        (tlm.CharacterTokenizer(), False),
        (tlm.BytePairTokenizer(max_tokens=300), False),
    ],
)
def test_a_tokenizer_that_loses_line_breaks_is_marked(tokenizer, lossy):
    verse = "Tyger Tyger,\n  burning bright"
    assert evaluation.loses_text(tokenizer.adapt([verse, "a"]), [verse]) is lossy
    assert not evaluation.loses_text(tokenizer, ["a"])
    if lossy:
        assert evaluation.loses_text(tokenizer, [verse + " unknown"])


def test_the_unigram_perplexity_is_the_exponential_of_the_entropy_of_the_text_itself():
    ids = [1, 1, 1, 2, 2, 3]
    shares = np.array([3, 2, 1]) / 6
    entropy = -(shares * np.log(shares)).sum()
    assert evaluation.unigram_perplexity(ids, ids) == pytest.approx(math.exp(entropy))


def test_a_token_never_seen_counts_as_seen_once():
    assert evaluation.unigram_perplexity([1, 1, 1], [2]) == pytest.approx(4.0)
    assert evaluation.unigram_perplexity([1, 1, 1], [1, 2]) == pytest.approx(
        math.exp(-(math.log(3 / 4) + math.log(1 / 4)) / 2)
    )


def test_the_unigram_frequencies_are_those_of_the_training_text_when_it_is_given(ending_lm):
    own = evaluation.evaluate(ending_lm, LINES)
    other = evaluation.evaluate(ending_lm, LINES, training=["the the the the the", *LINES])
    assert (own.unigram_of, other.unigram_of) == ("this text itself", "training text")
    counts = collections.Counter(token for text in LINES for token in [*text.split(), "<end>"])
    shares = np.array(list(counts.values())) / counts.total()
    assert own.unigram_perplexity == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    assert other.unigram_perplexity > own.unigram_perplexity


def test_stories_come_from_each_seed_evenly_and_none_is_dropped(ending_lm):
    written = evaluation.write_stories(ending_lm, count=5, seeds=2, temperature=0.9)
    settings = {"temperature": 0.9, "max_new_tokens": ending_lm.context_length}
    assert written == [
        *ending_lm.generate([""] * 2, seed=0, **settings),
        *ending_lm.generate([""] * 3, seed=1, **settings),
    ]


def test_the_report_on_stories_is_that_of_the_judge(ending_lm):
    written = evaluation.write_stories(ending_lm, 4, 2)
    judged = evaluation.judge_stories(ending_lm, 4, 2, training=written[:1])
    assert judged == tlm.data.stories.report(written, training=written[:1])
    assert (judged.count, judged.consistent) == (4, 0.0)
    assert judged.new < 1.0


def test_bigram_text_is_seldom_sound():
    corpus = tlm.data.stories.write(2000)
    drawn = evaluation.bigram_stories(corpus, 200, seed=1)
    assert drawn == evaluation.bigram_stories(corpus, 200, seed=1)
    assert drawn != evaluation.bigram_stories(corpus, 200, seed=2)
    assert tlm.data.stories.report(drawn).consistent < 0.05


def test_bigram_text_only_has_pairs_of_the_corpus():
    corpus = ["a b c", "b a", "c"]
    pairs = {(None, "a"), ("a", "b"), ("b", "c"), ("c", None), (None, "b"), ("b", "a"), ("a", None), (None, "c")}
    for text in evaluation.bigram_stories(corpus, 50):
        words = text.split()
        assert set(zip([None, *words], [*words, None], strict=True)) <= pairs


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: evaluation.evaluate(model, LINES, layout="rows"), "`layout` must be one of 'padded', 'packed'"),
        (lambda model: evaluation.evaluate(model, []), "`texts` must hold at least one text. Received: texts=[]."),
        (
            lambda model: evaluation.unigram_perplexity([], [1]),
            "`training_ids` must not be empty. Received: training_ids=[].",
        ),
        (lambda model: evaluation.unigram_perplexity([1], []), "`ids` must not be empty. Received: ids=[]."),
        (lambda model: evaluation.write_stories(model, 0), "`count` must be a whole number from 1 to 100,000."),
        (lambda model: evaluation.write_stories(model, 2, 3), "`seeds` must be a whole number from 1 to 2."),
        (
            lambda model: evaluation.bigram_stories([" "], 1),
            "`texts` must hold at least one word. Received: texts=[' '].",
        ),
        (lambda model: evaluation.bigram_stories(["a"], -1), "`count` must be a whole number of at least 0."),
    ],
)
def test_bad_input_is_refused_by_name(ending_lm, call, message):
    with pytest.raises(ValueError) as refusal:
        call(ending_lm)
    assert str(refusal.value).startswith(message)


def test_a_model_without_tokenizer_or_end_token_is_refused(mini_lm):
    bare = tlm.MiniLM(vocabulary_size=9, embed_dim=8, num_heads=2, feed_forward_dim=8, num_blocks=1)
    with pytest.raises(ValueError, match="`model` must have a tokenizer"):
        evaluation.evaluate(bare, LINES)
    with pytest.raises(ValueError, match="`model` must have an end token to write whole stories"):
        evaluation.write_stories(mini_lm)
