"""Laws of `preset="auto"`: what is chosen for texts of each kind, and that what the user sets is kept."""

import dataclasses

import pytest

import tinylm_keras as tlm
from tests.text.survey.test_reading import AT_A_MARK, EACH_LINE, NOVEL, WHOLE
from tinylm_keras.recipe import advice, machine

SPEED = 1e11

# (text, separator, tokenizer, layout, validation, split)
CHOSEN = {
    "prose": ("\n\n".join(NOVEL * 2), None, "character", "packed", 0.1, "stretches"),
    "verse": (WHOLE["verse"], None, "character", "packed", 0.1, "stretches"),
    "names": (EACH_LINE["names"] * 2, "\n", "character", "padded", 0.1, "texts"),
    "chat": (WHOLE["chat"], None, "character", "packed", 0.1, "stretches"),
    "code": (WHOLE["code"], None, "character", "packed", 0.1, "stretches"),
    "Chinese poems": (WHOLE["Chinese poems"], None, "character", "packed", 0.1, "stretches"),
    "Chinese sentences": (EACH_LINE["Chinese sentences"], "\n", "character", "padded", 0.1, "texts"),
    "closed vocabulary": ("\n".join(tlm.stories.write(1500)), "\n", "whitespace", "padded", 0.1, "texts"),
    "one sentence": (WHOLE["one sentence"], None, "character", "packed", 0.0, "auto"),
    "equal lines": (EACH_LINE["one sentence many times"] * 2, "\n", "character", "padded", 0.0, "auto"),
    "few distinct lines": (
        "see the cat run\nthe dog is here\nwe all go home\n" * 99,
        "\n",
        None,
        "padded",
        0.0,
        "auto",
    ),
    "long and short texts": (
        [*EACH_LINE["names"].split(), *(" ".join(NOVEL[place : place + 30]) for place in range(0, 90, 30))],
        "auto",
        "character",
        "packed",
        0.1,
        "stretches",
    ),
    "between marks": (AT_A_MARK["\n%\n"], "\n%\n", "character", "padded", 0.1, "texts"),
}


@pytest.fixture
def found(tmp_path, request):
    text = CHOSEN[request.param][0]
    if not isinstance(text, str):
        return tlm.survey(text)
    (tmp_path / "a.txt").write_text(text)
    return tlm.survey(tmp_path / "a.txt")


kinds = pytest.mark.parametrize("found", CHOSEN, indirect=True)


@pytest.mark.parametrize(("found", "expected"), [(name, row[1:]) for name, row in CHOSEN.items()], indirect=["found"])
def test_what_is_chosen_follows_from_the_kind_of_text(found, expected):
    recipe = advice.advise(found, SPEED).recipe
    chosen = (recipe.separator, recipe.tokenizer, recipe.layout, recipe.validation, recipe.split)
    assert [one for one in zip(chosen, expected, strict=True) if one[1] is not None and one[0] != one[1]] == []
    assert recipe.preset == "auto"
    assert recipe.end_token == ("<end>" if recipe.separator is not None else None)
    assert recipe.mix_counts == (recipe.validation > 0)
    assert recipe.logit_soft_cap is None or recipe.model == "minilm"
    if recipe.layout == "padded":  # no text is cut
        longest = found.texts.lengths[-1] * (
            1 if recipe.tokenizer == "character" else found.words.units / found.characters
        )
        assert recipe.context_length >= longest + 1


@kinds
def test_the_same_arguments_give_the_same_advice_and_each_reason_is_a_line(found):
    first = advice.advise(found, SPEED)
    assert first == advice.advise(found, SPEED, {})
    assert len(first.reasons) >= 4
    for reason in first.reasons:
        assert reason.isprintable() and reason.endswith(".")
        assert reason.split(":")[0] in {"Texts", "Tokens", "Model", "Layout", "Validation", "Time", "Network", "Counts"}
    assert first.seconds > 0


OVERRIDES = {
    "dropout": 0.3,
    "batch_size": 5,
    "learning_rate": 0.004,
    "seed": 7,
    "temperature": 0.5,
    "mix_counts": False,
    "min_learning_rate_ratio": 0.5,
    "evaluate_every": 50,
}


@pytest.mark.parametrize("found", ["prose", "names", "Chinese poems"], indirect=True)
@pytest.mark.parametrize("name", OVERRIDES)
def test_a_setting_that_is_given_is_kept_and_the_others_are_chosen_as_without_it(found, name):
    free = dataclasses.asdict(advice.advise(found, SPEED, {"steps": 100}).recipe)
    asked = dataclasses.asdict(advice.advise(found, SPEED, {"steps": 100, name: OVERRIDES[name]}).recipe)
    assert asked[name] == OVERRIDES[name]
    followers = {"batch_size": {"dropout"}}.get(name, set())  # more passes, more dropout
    assert {one for one in free if free[one] != asked[one]} <= {name, *followers}


@pytest.mark.parametrize("found", ["names"], indirect=True)
def test_what_follows_from_a_setting_that_is_given_follows(found):
    def advised(**overrides):
        return advice.advise(found, SPEED, overrides).recipe

    packed = advised(layout="packed")
    assert (packed.layout, packed.context_length, packed.separator) == ("packed", 64, "\n")
    wide = advised(embed_dim=50)
    assert (wide.embed_dim, wide.embed_dim % wide.num_heads, wide.feed_forward_dim) == (50, 0, 200)
    assert advised(separator=None).end_token is None
    assert advised(tokenizer="byte-pair").max_tokens == advice.BYTE_PAIRS
    assert advised(validation=0.0).mix_counts is False
    assert advised(model="minilm").model == "minilm"
    assert advised(optimizer="adamw").learning_rate == 1e-3
    bigram = advised(model="bigram")
    assert (bigram.optimizer, bigram.learning_rate, bigram.mix_counts) == ("adamw", 0.05, False)
    for name, value in (("steps", 9), ("epochs", 2), ("minutes", 0.5)):
        lengths = {one: getattr(advised(**{name: value}), one) for one in ("steps", "epochs", "minutes")}
        assert lengths == {"steps": None, "epochs": None, "minutes": None, name: value}
    assert advised(minutes=None) == advised()


@pytest.mark.parametrize("found", ["names", "prose"], indirect=True)
def test_a_reason_says_what_was_asked_for(found):
    asked = {"layout": "packed", "tokenizer": "word-punct", "validation": 0.25, "mix_counts": False, "steps": 30}
    reasons = advice.advise(found, SPEED, asked).reasons
    for expected in (
        "Layout: layout='packed', as requested.",
        "Tokens: tokenizer='word-punct', as requested.",
        "Validation: validation=0.25, as requested.",
        "Counts: mix_counts=False, as requested.",
    ):
        assert expected in reasons
    assert any(reason.startswith("Time: 30 steps,") and reason.endswith("as requested.") for reason in reasons)


@pytest.mark.parametrize("found", ["names"], indirect=True)
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"steps": 3, "minutes": 2.0}, "`steps` or `epochs` or `minutes` must be given, and only one of them"),
        ({"norm": "post"}, "`norm` belongs to the model 'minilm', and this model is 'rotary'"),
        ({"model": "bigram", "num_blocks": 2}, "`num_blocks` belongs to the model"),
        ({"stepps": 3}, "`setting` must be a setting of a recipe. Received: setting='stepps'"),
        ({"batch_size": 0}, "`batch_size` must be a whole number from 1 to 1,000,000"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_one_line(found, overrides, message):
    with pytest.raises(ValueError) as refused:
        advice.advise(found, SPEED, overrides)
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)


@pytest.mark.parametrize("found", ["prose"], indirect=True)
def test_a_faster_machine_and_more_time_make_a_larger_network(found):
    long = dataclasses.replace(found, characters=2_000_000)
    widths = [advice.advise(long, speed, {"minutes": 3.0}).recipe.embed_dim for speed in (1e9, 1e12, 1e14)]
    assert widths == sorted(set(widths))
    assert [advice.advise(long, 1e12, {"minutes": one}).recipe.embed_dim for one in (0.5, 5.0)] == [128, 256]


@pytest.mark.parametrize("found", ["one sentence", "verse"], indirect=True)
def test_a_short_text_takes_less_than_the_time_there_is_and_more_dropout(found):
    chosen = advice.advise(found, SPEED)
    assert chosen.recipe.minutes is None and chosen.recipe.steps >= 100
    assert chosen.seconds < 60 * advice.MINUTES
    assert chosen.recipe.dropout == 0.2
    assert chosen.recipe.context_length <= found.characters // 4
    assert advice.advise(dataclasses.replace(found, characters=3_000_000), SPEED).recipe.dropout < 0.2


@pytest.mark.parametrize("found", ["verse"], indirect=True)
def test_a_run_with_validation_ends_early_unless_the_user_says_otherwise(found):
    assert advice.advise(found, SPEED).recipe.patience == advice.PATIENCE
    assert advice.advise(found, SPEED, {"validation": 0.0}).recipe.patience is None
    assert advice.advise(found, SPEED, {"patience": None}).recipe.patience is None
    chosen = advice.advise(dataclasses.replace(found, characters=900_000), SPEED, {"patience": 3})
    assert chosen.recipe.patience == 3 and any("until 3 evaluations" in reason for reason in chosen.reasons)


def test_the_speed_of_a_machine_is_a_finite_number():
    assert 1e6 < machine.operations_per_second(20) < 1e16


def test_what_is_set_for_token_files_is_checked_as_for_a_text():
    with pytest.raises(ValueError, match="`batch_size` must be a whole number from 1"):
        advice.advise_ids(1000, 50, 1e11, {"batch_size": 0})
    assert advice.advise_ids(1000, 50, 1e11, {"minutes": None, "steps": 5}).recipe.steps == 5
