"""The laws of the built-in corpus: what the writer promises, and what the judge must find.

The judge is tried by planting: a consistent story is spoilt in one known place, and the judge, who sees only the text,
has to say so and name the sentence. Only plants that change the meaning count: the one mention of a toy can be any toy.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from functools import cache
from random import Random

import pytest

from tinylm_keras import stories
from tinylm_keras.stories.grammar import Draft, draft, draw, role_choices
from tinylm_keras.stories.judge import faults
from tinylm_keras.stories.patterns import Form, Slot, all_forms
from tinylm_keras.stories.plots import OUTLINES, PLOTS
from tinylm_keras.stories.words import CLASSES, FEELINGS, FREE_ROLES

MANY = 20_000
PRONOUNS = ("he", "him", "his", "He", "His", "boy", "himself")


@cache
def corpus() -> list[str]:
    return stories.write(MANY)


@cache
def drafts() -> list[Draft]:
    random = Random("drafts")
    return [draft(random) for _ in range(400)]


def bare(token: str) -> str:
    return token.strip('.,!"').removesuffix("'s").lower()


# The writer.


def test_every_story_it_writes_is_sound():
    wrong = {story: found for story in corpus() if (found := stories.check(story))}
    assert wrong == {}


def test_stories_are_a_function_of_the_seed_and_not_of_the_count():
    assert stories.write(50, seed=7)[:20] == stories.write(20, seed=7)
    assert stories.write(20, seed=7) != stories.write(20, seed=8)
    assert stories.write(20, seed=-7) != stories.write(20, seed=7)
    assert stories.write(0) == []


def test_stories_do_not_depend_on_the_hash_seed_of_the_process():
    program = "from tinylm_keras.data import stories; print(stories.write(200, seed=3))"
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert told == {str(stories.write(200, seed=3))}


def test_the_stories_of_seed_0_stay_the_same_from_one_python_to_the_next():
    digest = hashlib.sha256("\n".join(stories.write(1000)).encode()).hexdigest()
    # A change of the grammar changes it, and with it every number measured on the corpus: say so in the changelog.
    assert digest[:16] == "399d2c75da286aee"


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match=r"`count` must be at least 0\. Received: count=-1\. Try count=1000\."):
        stories.write(-1)


def test_a_story_is_one_paragraph_of_plain_well_spaced_english():
    sentence = re.compile(r"[A-Z\"][A-Za-z', ]*(?:!\" [A-Z][A-Za-z ]+)?[.!]")
    for story in corpus()[:3000]:
        assert re.fullmatch(rf"{sentence.pattern}(?: {sentence.pattern}){{4,8}}", story), story
        for article, following in re.findall(r"\b(an?) (\w+)", story):
            assert (article == "an") == (following[0] in "aeiou"), story


def test_no_story_can_be_longer_than_88_tokens_or_have_fewer_than_5_or_more_than_9_sentences():
    for outline in OUTLINES:
        longest = 0
        for step in outline.steps:
            longest += max(len(form.template.split()) for part in step.parts for form in all_forms()[part])
        assert longest <= 88
        assert 5 <= outline.required <= len(outline.steps) <= 9


def test_stories_are_short_and_made_of_few_and_frequent_tokens():
    tokens = [story.split() for story in corpus()]
    counts = Counter(token for story in tokens for token in story)
    words = Counter(bare(token) for story in tokens for token in story)
    assert 45 <= sum(map(len, tokens)) / MANY <= 58
    assert len(counts) <= 1100
    assert min(counts.values()) >= 20
    assert min(words.values()) >= 50


def test_the_size_is_what_the_corpus_shows():
    size = stories.size()
    assert size.words == len({bare(token) for story in corpus() for token in story.split()}) >= 500
    assert size.forms == sum(map(len, all_forms().values())) >= 80
    assert size.plots == len(PLOTS) == 12
    assert size.stories >= 10**8
    assert len(set(corpus())) == MANY


def test_no_two_forms_of_one_part_can_make_the_same_sentence():
    # The lower bound of `size` multiplies the forms, so they must be told apart by their text.
    for forms in all_forms().values():
        shapes = [re.sub(r"\{(\w+)\}", "{}", form.template) for form in forms]
        assert len(set(shapes)) == len(forms)


def test_most_stories_have_two_characters():
    told = [draft for draft in drafts() if {"friend", "kin"} & {slot.role for f in draft.forms for slot in f.slots}]
    assert len(told) >= 0.6 * len(drafts())


def test_writing_20_000_stories_takes_at_most_3_seconds():
    start = time.process_time()
    stories.write(MANY, seed=1)
    assert time.process_time() - start < 3


# The judge: one planted fault at a time.


def tell(form: Form, cast: dict[str, str], changed: dict[int, str] | None = None) -> str:
    """Fills in `form`; `changed` gives what the n-th slot says instead."""
    said = []
    for number, slot in enumerate(form.slots):
        word = CLASSES[slot.role][0] if slot.role in FREE_ROLES else cast[slot.role]
        said.append((changed or {}).get(number, slot.fill(word)))
    return "".join(piece if isinstance(piece, str) else said.pop(0) for piece in form.pieces)


def with_sentence(story: Draft, index: int, sentence: str) -> tuple[str, set[int]]:
    sentences = list(story.sentences)
    sentences[index] = sentence
    return " ".join(sentences), {index + 1}


def slots_where(story: Draft, suits) -> list[tuple[int, int, Slot]]:
    return [
        (index, number, slot)
        for index, form in enumerate(story.forms)
        for number, slot in enumerate(form.slots)
        if suits(slot)
    ]


def change_one_slot(story: Draft, random: Random, places, other_words):
    if not places:
        return None
    index, number, slot = draw(random, tuple(places))
    words = [word for word in other_words(slot) if word != story.cast.get(slot.role)]
    return with_sentence(story, index, tell(story.forms[index], story.cast, {number: draw(random, tuple(words))}))


def change_role(*roles: str):
    """Another word of the same class in one of two or more mentions."""

    def plant(story: Draft, random: Random):
        named = slots_where(story, lambda slot: slot.role in roles and slot.trait is None)
        often = Counter(slot.role for _, _, slot in named)
        places = [place for place in named if often[place[2].role] > 1]

        def words(slot):
            choices = role_choices(story.outline, slot.role, story_side(story))
            if slot.role in ("hero", "friend"):
                sex = "boy" if Slot(slot.role, "boy").fill(story.cast[slot.role]) == "boy" else "girl"
                return [word for word in choices if Slot(slot.role, "boy").fill(word) == sex]
            return choices

        return change_one_slot(story, random, places, words)

    return plant


def story_side(story: Draft) -> str:
    return (
        "indoor"
        if story.cast.get("place", story.cast.get("spot"))
        in (
            *CLASSES["indoor place"],
            *CLASSES["indoor spot"],
        )
        else "outdoor"
    )


def wrong_pronoun(story: Draft, random: Random):
    places = slots_where(story, lambda slot: slot.trait in PRONOUNS)
    if not places:
        return None
    index, number, slot = draw(random, tuple(places))
    other = "Mia" if slot.fill(story.cast[slot.role]) == slot.fill("Tom") else "Tom"
    return with_sentence(story, index, tell(story.forms[index], story.cast, {number: slot.fill(other)}))


def wrong_feeling(story: Draft, random: Random):
    places = slots_where(story, lambda slot: slot.role in FEELINGS)
    return change_one_slot(
        story,
        random,
        places,
        lambda slot: [word for feeling in FEELINGS if feeling != slot.role for word in CLASSES[feeling]],
    )


def wrong_owner(story: Draft, random: Random):
    """Hero and friend change places in a sentence that says whose it is, or who gives."""
    giving = {"traded", "give", "share", "hand_back", "owner"}
    places = [
        index
        for index, form in enumerate(story.forms)
        if {"hero", "friend"} <= story.cast.keys() and (form.part in giving or any(slot.owning for slot in form.slots))
    ]
    if not places:
        return None
    index = draw(random, tuple(places))
    swapped = story.cast | {"hero": story.cast["friend"], "friend": story.cast["hero"]}
    sentence = tell(story.forms[index], swapped)
    return None if sentence == tell(story.forms[index], story.cast) else with_sentence(story, index, sentence)


def wrong_article(story: Draft, random: Random):
    places = slots_where(story, lambda slot: slot.trait == "a")
    return change_one_slot(
        story, random, places, lambda slot: ["an" if slot.fill(story.cast[slot.role]) == "a" else "a"]
    )


def other_ending(story: Draft, random: Random):
    own = set(story.outline.steps[-1].parts)
    endings = sorted({part for outline in OUTLINES for part in outline.steps[-1].parts} - own)
    form = draw(random, all_forms()[draw(random, tuple(endings))])
    cast = story.cast | {slot.role: CLASSES_OF[slot.role] for slot in form.slots if slot.role not in story.cast}
    return with_sentence(story, len(story.sentences) - 1, tell(form, cast))


CLASSES_OF = defaultdict(
    lambda: "",
    friend="Zoe",
    hero="Ben",
    kin="uncle",
    place="park",
    thing="ball",
    colour="blue",
    animal="duck",
    fur="grey",
    skill="swim",
    plant="rose",
    food="pie",
    day="Monday",
)


def shuffled_words(story: Draft, random: Random):
    index = int(random.random() * len(story.sentences))
    words = story.sentences[index].split()
    mixed = sorted(words, key=lambda _: random.random())
    return None if mixed == words else with_sentence(story, index, " ".join(mixed))


def foreign_word(story: Draft, random: Random):
    """A plain word of the form gives way to a plain word of another."""
    index = int(random.random() * len(story.sentences))
    words = story.sentences[index].split()
    slots = {slot.fill(story.cast[slot.role]) for slot in story.forms[index].slots if slot.role in story.cast}
    plain = [n for n, word in enumerate(words) if word.isalpha() and word.islower() and word not in slots]
    plain = [n for n in plain if words[n] in story.forms[index].template.split()]
    if not plain:
        return None
    n = draw(random, tuple(plain))
    others = [word for word in draw(random, tuple(drafts())).text.split() if word.isalpha() and word.islower()]
    other = draw(random, tuple(others))
    return None if other == words[n] else with_sentence(story, index, " ".join([*words[:n], other, *words[n + 1 :]]))


def cut_short(story: Draft, random: Random):
    words = story.text.split()
    last = len(story.sentences[-1].split())
    return " ".join(words[: len(words) - 1 - int(random.random() * (last - 1))]), {len(story.sentences)}


def swapped_sentences(story: Draft, random: Random):
    index = int(random.random() * (len(story.sentences) - 1))
    sentences = list(story.sentences)
    sentences[index], sentences[index + 1] = sentences[index + 1], sentences[index]
    return " ".join(sentences), {index + 1, index + 2}


def dropped_sentence(story: Draft, random: Random):
    needed = {part for step in story.outline.steps if not step.optional for part in step.parts}
    index = draw(random, tuple(n for n, part in enumerate(story.parts) if part in needed))
    return " ".join(story.sentences[:index] + story.sentences[index + 1 :]), {index, index + 1}


def doubled_sentence(story: Draft, random: Random):
    index = int(random.random() * len(story.sentences))
    return " ".join((*story.sentences[: index + 1], *story.sentences[index:])), {index + 1, index + 2}


def other_half(story: Draft, random: Random):
    """The second half of a story of another plot."""
    other = draw(random, tuple(drafts()))
    if other.outline.plot == story.outline.plot:
        return None
    return " ".join(story.sentences[:3] + other.sentences[3:]), set(range(1, 10))


def too_few(story: Draft, random: Random):
    return " ".join(story.sentences[: 1 + int(random.random() * 4)]), {0}


def two_stories(story: Draft, random: Random):
    return f"{story.text} {draw(random, tuple(drafts())).text}", {0}


PLANTS = {
    "foreign word": (foreign_word, None),
    "shuffled words": (shuffled_words, None),
    "cut short": (cut_short, "unfinished"),
    "wrong pronoun": (wrong_pronoun, "pronoun"),
    "another name": (change_role("hero", "friend"), None),
    "another relative": (change_role("kin"), "name"),
    "another thing": (change_role("thing", "food", "feed", "animal", "fixer", "reacher", "plant"), None),
    "another colour": (change_role("colour", "fur"), None),
    "another place": (change_role("place", "spot", "shelter", "landmark"), "place"),
    "another skill": (change_role("skill"), "thing"),
    "another owner": (wrong_owner, None),
    "wrong feeling": (wrong_feeling, "feeling"),
    "wrong article": (wrong_article, "article"),
    "other ending": (other_ending, None),
    "swapped sentences": (swapped_sentences, None),
    "dropped sentence": (dropped_sentence, None),
    "doubled sentence": (doubled_sentence, None),
    "other half": (other_half, None),
    "too few sentences": (too_few, "length"),
    "two stories": (two_stories, "length"),
}


@pytest.mark.parametrize("name", PLANTS)
def test_the_judge_finds_what_was_planted_and_names_the_sentence(name):
    plant, kind = PLANTS[name]
    random = Random(name)
    planted, missed = 0, []
    for story in drafts():
        spoilt = plant(story, random)
        if spoilt is None:
            continue
        text, places = spoilt
        planted += 1
        found = faults(text)
        named = any(place == fault.sentence or f"sentence {place}" in str(fault) for fault in found for place in places)
        if not named or (kind and kind not in {fault.kind for fault in found}):
            missed.append((text, places, [str(fault) for fault in found]))
    assert planted >= 20
    assert len(missed) <= 0.01 * planted, missed[:5]


def test_each_kind_of_fault_has_its_own_line():
    [tale] = stories.write(1, seed=3)
    assert stories.check(tale) == []
    lost = (
        "One day, Tom went to the park. He had a red ball with him. But soon the ball was gone. "
        "His friend Mia came to help him. Together they searched under the bench. There was the red ball at last! "
        "Now Tom and Mia were even better friends."
    ).replace("ball", "truck")
    assert stories.check(lost) == []
    expected = {
        ("But soon the truck", "But soon the drum"): "sentence 3: 'drum' but it is 'truck' in sentence 2",
        ("the red truck at", "the blue truck at"): "sentence 6: 'blue' but it is 'red' in sentence 2",
        ("He had", "She had"): "sentence 2: 'She' but Tom is a boy (sentence 1)",
        ("Tom and Mia were", "Tom and Zoe were"): "sentence 7: 'Zoe' but it is 'Mia' in sentence 4",
        ("under the bench", "behind the bench"): "sentence 5: 'behind' does not go with 'bench' (sentence 5)",
        ("under the bench", "under the table"): "sentence 5: no 'table' can be where they are: 'park' in sentence 1",
        ("There was the red truck at last! ", ""): "sentence 6: before it a sentence is missing (the part 'find')",
        ("better friends.", "better"): "sentence 7: stops in the middle, at 'better'",
        (" Now", "  Now"): "story: words must be parted by single spaces",
    }
    for (old, new), line in expected.items():
        assert old in lost
        assert line in stories.check(lost.replace(old, new))


def test_the_judge_answers_whatever_it_is_given():
    random = Random("garbage")
    letters = "ab .!?\"'\n\t\u2028\x00é😀\ud800"
    texts = ["", " ", ".", '"', "!!!", "\n\n", "Tom", "Tom.", "Tom had a red ball.", "a" * 5000]
    texts += ["".join(draw(random, tuple(letters)) for _ in range(80)) for _ in range(200)]
    texts += [" ".join(draw(random, tuple(corpus()[0].split())) for _ in range(60)) for _ in range(200)]
    for text in texts:
        assert stories.check(text) != []
        assert all(isinstance(line, str) for line in stories.check(text))


def test_the_judge_is_quick_on_a_text_of_any_length():
    start = time.process_time()
    for text in (" ".join(corpus()[: MANY // 4]), "x" * 2_000_000, "Tom was sad " * 100_000, "A. " * 300_000):
        assert 1 <= len(stories.check(text)) < 50
    assert time.process_time() - start < 5


# What a model that only counts neighbours can do.


def ngram_stories(order: int, count: int) -> list[str]:
    """Stories drawn from the counts of `order` neighbouring tokens, started at the end of a story."""
    following: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for story in corpus():
        tokens = [*[""] * (order - 1), *story.split(), ""]
        for at in range(order - 1, len(tokens)):
            following[tuple(tokens[at - order + 1 : at])].append(tokens[at])
    random, told = Random("neighbours"), []
    for _ in range(count):
        tokens = [""] * (order - 1)
        while len(tokens) < 200:
            tokens.append(draw(random, following[tuple(tokens[len(tokens) - order + 1 :])]))
            if not tokens[-1]:
                break
        told.append(" ".join(filter(None, tokens)))
    return told


def test_a_bigram_model_writes_almost_no_sound_story():
    assert stories.report(ngram_stories(2, 1000)).consistent < 0.01


def test_a_trigram_model_writes_few_sound_stories():
    assert stories.report(ngram_stories(3, 1000)).consistent < 0.05


# The report.


def test_the_report_counts_sound_new_and_distinct_stories():
    told = stories.write(8, seed=1)
    found = stories.report([*told, told[0], "Tom had a"], training=told[:5])
    assert found.count == 10
    assert found.consistent == pytest.approx(0.9)
    assert found.new == pytest.approx(0.4)
    assert found.consistent_and_new == pytest.approx(0.3)
    assert found.distinct == pytest.approx(0.9)
    assert dict(found.problems)["unfinished"] == 1
    assert str(found).startswith("10 stories: 90.0% consistent, 40.0% new, 30.0% consistent and new, 90.0% distinct\n")


def test_a_report_on_nothing_is_all_zeros():
    found = stories.report([])
    assert (found.count, found.consistent, found.new, found.consistent_and_new, found.distinct) == (0, 0, 0, 0, 0)
    assert found.problems == ()


def test_the_public_names_are_the_ones_listed():
    assert stories.__all__ == ["Report", "Size", "check", "report", "size", "write"]
    assert all(hasattr(stories, name) for name in stories.__all__)
