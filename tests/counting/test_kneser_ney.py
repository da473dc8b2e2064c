"""Kneser-Ney counts against their definition, worked out n-gram by n-gram in plain Python."""

import collections

import numpy as np
import pytest

from tinylm_keras import counting

SIZE = 7


def rows_by_chance(seed=0, size=SIZE):
    """Some rows of ids that repeat themselves, of different lengths."""
    generator = np.random.default_rng(seed)
    follows = generator.dirichlet(np.full(size, 0.4), size=size)
    rows = []
    for length in (2, 40, 3, 150, 1, 60):
        row = [int(generator.integers(size))]
        while len(row) < length:
            row.append(int(generator.choice(size, p=follows[row[-1]])))
        rows.append(row)
    return rows


class Plain:
    """The same model, slowly: dicts of tuples."""

    def __init__(self, rows, order, size, pad_id=None):
        self.order, self.size, self.pad_id = order, size, pad_id
        self.weights = [self.weights_of(rows, length) for length in range(1, order + 1)]
        self.discounts = [self.discounts_of(weights.values()) for weights in self.weights]

    def weights_of(self, rows, length):
        """How often each n-gram comes; or for a shorter one, after how many tokens and how often with none before."""
        times, before = collections.Counter(), collections.defaultdict(set)
        for number, row in enumerate(rows):
            for end in range(max(length, 2), len(row) + 1):
                times[tuple(row[end - length : end])] += 1
                # Each beginning of a row counts as a token of its own.
                token = row[end - length - 1] if end > length else ("begin", number)
                before[tuple(row[end - length : end])].add(token)
        return times if length == self.order else {one: len(tokens) for one, tokens in before.items()}

    @staticmethod
    def discounts_of(weights):
        n = collections.Counter(weights)
        if not (n[1] and n[2]):
            return [0, 0.5, 1.0, 1.5]
        y = n[1] / (n[1] + 2 * n[2])
        last = 3 - 4 * y * n[4] / n[3] if n[3] else 1.5
        found = [1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], last]
        return [0, *(min(max(one, 0.05), top) for one, top in zip(found, (0.95, 1.95, 2.95), strict=True))]

    def p(self, token, context):
        context = tuple(context)
        if len(context) == self.order:
            return self.p(token, context[1:])
        weights, discounts = self.weights[len(context)], self.discounts[len(context)]
        if context:
            shorter = self.p(token, context[1:])
        else:
            shorter = 0 if token == self.pad_id else 1 / (self.size - (self.pad_id is not None))
        after = {one: weight for one, weight in weights.items() if one[:-1] == context}
        total = sum(after.values())
        if not total:
            return shorter
        left = sum(discounts[min(weight, 3)] for weight in after.values()) / total
        weight = after.get((*context, token), 0)
        return (weight - discounts[min(weight, 3)]) / total + left * shorter


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_are_those_of_the_definition(order):
    rows = rows_by_chance()
    counts, plain = counting.count(rows, SIZE, order), Plain(rows, order, SIZE)
    evaluated = rows_by_chance(seed=1)
    expected = [
        plain.p(row[end], row[max(0, end - order + 1) : end]) for row in evaluated for end in range(1, len(row))
    ]
    assert counts.probabilities(evaluated)[0] == pytest.approx(expected, rel=1e-5)
    assert counts.bits(evaluated) == pytest.approx(-np.log2(expected), rel=1e-5)


def test_the_known_context_is_the_longest_that_something_follows():
    counts = counting.count([[0, 1, 2, 3], [4, 1, 2, 5]], 7, order=4)
    _, known = counts.probabilities([[0, 1, 2, 3], [6, 1, 2, 3], [6, 6], [1, 2, 3, 0], [2, 3, 0]])
    assert known.tolist() == [1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 1, 0]


@pytest.mark.parametrize("max_counts", [1, 60, 150, 10**6])
def test_every_distribution_sums_to_one_however_much_is_left_out(max_counts):
    counts = counting.count(rows_by_chance(), SIZE, order=5, max_counts=max_counts)
    assert len(counts.token) <= max_counts
    contexts = [row[:length] for row in rows_by_chance(seed=1) for length in range(1, min(len(row), 12) + 1)]
    rows = [[*context, token] for context in contexts for token in range(SIZE)]
    last = np.cumsum([len(row) - 1 for row in rows]) - 1
    sums = counts.probabilities(rows)[0][last].reshape(-1, SIZE).sum(axis=1)
    assert np.abs(sums - 1).max() < 1e-6


def test_the_rarest_contexts_are_left_out_first_and_the_longest_among_equals():
    rows = [[0, 1, 2, 3] * 10, [4, 5, 6, 4]]
    whole = counting.count(rows, SIZE, order=3)
    fewer = counting.count(rows, SIZE, order=3, max_counts=len(whole.token) - 1)
    known = [counts.probabilities([[0, 1, 2], [5, 6, 4]])[1].tolist() for counts in (whole, fewer)]
    assert known == [[1, 2, 1, 2], [1, 2, 1, 1]] or known == [[1, 2, 1, 2], [1, 2, 1, 2]]
    fewest = counting.count(rows, SIZE, order=3, max_counts=8)
    assert fewest.probabilities([[0, 1, 2], [5, 6, 4]])[1].tolist() == [1, 2, 0, 0]


def test_padding_has_no_share():
    counts = counting.count([[1, 2, 3, 1, 2]], 5, order=3, pad_id=0)
    p = counts.unigram.astype("float64")
    assert p[0] == 0 and p[4] > 0 and p.sum() == pytest.approx(1)


def test_no_n_gram_reaches_from_one_text_into_the_next():
    apart = counting.count([[0, 1], [2, 3]], 4, order=2)
    assert apart.probabilities([[1, 2]])[1].tolist() == [0]
    together = counting.count([[0, 1, 2, 3]], 4, order=2)
    assert together.probabilities([[1, 2]])[1].tolist() == [1]


def test_a_packed_row_is_cut_into_its_texts():
    rows = counting.rows_of([9, 1, 2, 9, 9, 3, 9, 4], end_id=9)
    assert [row.tolist() for row in rows] == [[9, 1, 2, 9], [9, 9], [9, 3, 9], [9, 4]]
    assert [row.tolist() for row in counting.rows_of([1, 2, 0, 3, 4, 0, 5], pad_id=0)] == [[1, 2], [3, 4]]
    assert [row.tolist() for row in counting.rows_of([1, 2, 3])] == [[1, 2, 3]]


def test_the_order_is_the_best_for_the_text_that_is_not_counted():
    generator = np.random.default_rng(3)
    words = [generator.integers(1, 12, 5).tolist() for _ in range(60)]

    def write(seed):
        drawn = np.random.default_rng(seed).integers(0, len(words), 400)
        return [token for word in drawn for token in (*words[word], 0)]

    rows, validation = [write(0)], [write(1)]
    bits = [counting.count(rows, 12, order).bits(validation).mean() for order in range(1, 15)]
    chosen = counting.count_in_best_order(rows, 12, validation)
    assert min(bits) <= chosen.bits(validation).mean() < min(bits) + 0.01
    whole = counting.count(rows, 12, chosen.order)
    assert np.array_equal(chosen.value, whole.value) and np.array_equal(chosen.token, whole.token)
    alone = counting.count_in_best_order(rows, 12)
    assert np.array_equal(alone.value, counting.count(rows, 12, alone.order).value)
    assert alone.order > 2
    assert counting.count_in_best_order([generator.integers(0, 12, 3000)], 12).order == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": []}, r"`rows` must hold a row of at least two ids"),
        ({"rows": [[1], [2]]}, r"`rows` must hold a row of at least two ids"),
        ({"rows": [[1, 7]]}, r"`rows` must hold ids in \[0, 7\). Received: rows=7"),
        ({"rows": [[-1, 3]]}, r"`rows` must hold ids in \[0, 7\). Received: rows=-1"),
        ({"rows": [1, 2]}, r"`rows` must be a list of rows of whole numbers"),
        ({"rows": [[0.5, 2.0]]}, r"`rows` must be a list of rows of whole numbers"),
        ({"order": 0}, r"`order` must be a whole number from 1 to 24"),
        ({"order": 25}, r"`order` must be a whole number from 1 to 24"),
        ({"max_counts": 0}, r"`max_counts` must be a whole number from 1 to 16,777,216"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        counting.count(**{"rows": [[1, 2]], "vocabulary_size": SIZE, "order": 2, **arguments})
    assert "\n" not in str(error.value)


def test_a_validation_text_with_nothing_to_predict_is_refused():
    with pytest.raises(ValueError, match=r"`validation` must hold a row of two ids"):
        counting.count_in_best_order([[1, 2, 3]], SIZE, validation=[[1]])
