"""Laws of recipes and presets."""

import dataclasses
import json
import re
import subprocess
import sys

import pytest

from tinylm_keras.recipe import presets, registry
from tinylm_keras.recipe.overrides import override, parse
from tinylm_keras.recipe.recipe import Recipe, settings
from tinylm_keras.training import plan


def refused(message, function, *arguments, error=ValueError, **keywords):
    with pytest.raises(error, match=re.escape(message)):
        function(*arguments, **keywords)


def test_presets_need_no_keras():
    code = "import sys; from tinylm_keras.recipe import presets; print({'keras', 'numpy'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


NAMES = [
    *("stories", "tinylm", "bigram", "attention-average", "mlp"),
    *("fast", "shakespeare-char-small", "shakespeare-char", "gpt", "slm"),
]


def test_the_presets_have_their_names_and_an_unknown_one_lists_them():
    assert presets.names() == NAMES
    for name in presets.names():
        assert presets.get(name).preset == name
        assert presets.describe(name)
    message = f"`preset` must be one of {', '.join(map(repr, ('auto', *NAMES)))}. Received: preset='x'."
    refused(message, presets.get, "x")
    refused(message.replace("'auto', ", ""), presets.describe, "x")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "tinylm",
            {"context_length": 20, "embed_dim": 64, "num_heads": 2, "feed_forward_dim": 128, "num_blocks": 2}
            | {"optimizer": "adam", "batch_size": 16, "epochs": 70, "end_token": None},
        ),
        (
            "attention-average",
            {"tokenizer": "word-punct", "model": "average", "optimizer": "sgd", "learning_rate": 0.45}
            | {"schedule": "exponential", "decay_every": 100, "decay_rate": 0.9}
            | {"steps": 10_000, "evaluate_every": 100, "layout": "padded"},
        ),
        (
            "slm",
            {"tokenizer": "byte-pair", "norm": "pre", "activation": "gelu", "context_length": 128, "num_blocks": 8}
            | {"num_heads": 8, "embed_dim": 384, "feed_forward_dim": 1536, "optimizer": "adamw"}
            | {
                "end_token": "<|endoftext|>",
                "schedule": "cosine",
                "warmup_steps": 200,
                "global_clipnorm": 1.0,
                "gradient_accumulation_steps": 4,
            },
        ),
        (
            "shakespeare-char",
            {"tokenizer": "character", "validation": 0.1, "separator": None, "layout": "packed", "num_blocks": 6}
            | {"num_heads": 6, "embed_dim": 384, "context_length": 256, "dropout": 0.2, "learning_rate": 1e-3}
            | {"min_learning_rate_ratio": 0.1, "steps": 5000, "batch_size": 64, "warmup_steps": 100, "beta_2": 0.99}
            | {"weight_decay": 0.1, "global_clipnorm": 1.0, "norm": "pre", "activation": "gelu", "optimizer": "adamw"},
        ),
        (
            "shakespeare-char-small",
            {"num_blocks": 4, "num_heads": 4, "embed_dim": 128, "feed_forward_dim": 512, "context_length": 64}
            | {"batch_size": 12, "steps": 2000, "warmup_steps": 100, "dropout": 0.0, "learning_rate": 1e-3},
        ),
        (
            "fast",
            {"tokenizer": "character", "layout": "packed", "model": "rotary", "context_length": 64, "embed_dim": 128}
            | {"num_heads": 4, "feed_forward_dim": 496, "num_blocks": 4, "dropout": 0.0, "optimizer": "muon"}
            | {"schedule": "linear", "warmup_steps": 0, "min_learning_rate_ratio": 0.0, "batch_size": 12},
        ),
        ("gpt", {"kernel_stddev": 0.02, "activation": "relu", "num_blocks": 6, "embed_dim": 384}),
    ],
)
def test_a_preset_is_what_its_name_promises(name, values):
    recipe = dataclasses.asdict(presets.get(name))
    assert {setting: recipe[setting] for setting in values} == values
    assert recipe["evaluation_batches"] is not None or (name not in ("slm", "gpt") and "shakespeare" not in name)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_sets_nothing_that_its_model_has_no_use_for(name):
    recipe = presets.get(name)
    for setting, field in settings().items():
        value = getattr(recipe, setting)
        if value not in (field.default, None):
            assert override(recipe, **{setting: value}) == recipe


@pytest.mark.parametrize("name", presets.names())
def test_a_recipe_survives_json(name):
    recipe = presets.get(name)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert set(json.loads(recipe.to_json())) == {field.name for field in dataclasses.fields(Recipe)}


def test_json_that_is_no_recipe_is_refused():
    refused("`recipe` must be JSON (Expecting value", Recipe.from_json, "x")
    refused("`recipe` must be a JSON object. Received: recipe='[]'.", Recipe.from_json, "[]")
    refused(
        "`setting` must be a setting of a recipe. Received: setting='zzz'. Known: preset,",
        Recipe.from_json,
        '{"zzz": 1}',
    )


def test_an_override_changes_a_copy():
    recipe = presets.get("stories")
    changed = override(recipe, embed_dim=64, norm="post")
    assert (changed.embed_dim, changed.norm, recipe.embed_dim) == (64, "post", presets.get("stories").embed_dim)


def test_steps_epochs_and_minutes_replace_each_other():
    assert override(presets.get("tinylm"), steps=5).epochs is None
    assert override(presets.get("stories"), epochs=5).steps is None
    timed = override(presets.get("stories"), minutes=2)
    assert (timed.minutes, timed.steps, timed.epochs, override(timed, steps=5).minutes) == (2, None, None, None)
    message = (
        "`steps` or `epochs` or `minutes` must be given, and only one of them (epochs={}, minutes={}). "
        "Received: steps={}."
    )
    refused(message.format(2, None, 5), override, presets.get("stories"), steps=5, epochs=2)
    refused(message.format(None, 1.0, 5), override, presets.get("stories"), steps=5, minutes=1.0)
    refused(message.format(None, None, None), override, presets.get("stories"), steps=None)


def test_ready_tokens_and_a_number_of_tokens_replace_each_other():
    files = {"vocabulary_file": "v.json", "merges_file": "m.txt"}
    assert override(presets.get("slm"), **files).max_tokens is None
    message = "`vocabulary_file` has its own number of tokens and excludes `max_tokens` (max_tokens=9)."
    refused(message, override, presets.get("slm"), max_tokens=9, **files)
    message = "`vocabulary_file` and `merges_file` must be given together (merges_file=None). Received: vocabulary_file"
    refused(message, override, presets.get("slm"), vocabulary_file="v.json")


@pytest.mark.parametrize(
    ("preset", "name", "value", "message"),
    [
        (
            "bigram",
            "num_heads",
            4,
            "`num_heads` belongs to the model 'minilm' or 'rotary', and this model is 'bigram'.",
        ),
        ("stories", "window", 4, "`window` belongs to the model 'mlp', and this model is 'minilm'."),
        (
            "stories",
            "hidden_dim",
            4,
            "`hidden_dim` belongs to the model 'average' or 'mlp', and this model is 'minilm'.",
        ),
        (
            "stories",
            "vocabulary_file",
            "v",
            "belongs to the tokenizer 'byte-pair', and this tokenizer is 'whitespace'.",
        ),
        ("tinylm", "adam_ratio", 2.0, "`adam_ratio` belongs to the optimizer 'muon', and this optimizer is 'adam'."),
        ("tinylm", "momentum", 0.9, "`momentum` belongs to the optimizer 'muon', and this optimizer is 'adam'."),
        ("stories", "decay_every", 9, "belongs to the schedule 'exponential', and this schedule is 'cosine'."),
        ("attention-average", "warmup_steps", 9, "belongs to the schedule 'cosine' or 'linear', and this"),
    ],
)
def test_a_setting_without_effect_is_refused_and_its_takers_named(preset, name, value, message):
    extra = {"merges_file": "m"} if name == "vocabulary_file" else {}
    refused(message, override, presets.get(preset), **{name: value}, **extra)


def test_a_setting_that_fits_the_model_chosen_with_it_is_taken():
    recipe = override(presets.get("bigram"), model="minilm", num_heads=2)
    assert (recipe.model, recipe.num_heads) == ("minilm", 2)


def test_an_unknown_override_names_the_near_ones():
    advice = "`setting` must be a setting of a recipe. Received: setting='dropuot'. Did you mean dropout"
    refused(advice, override, presets.get("stories"), dropuot=0.1)
    refused("Did you mean num_blocks", override, presets.get("stories"), n_blocks=0.1)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("embed_dim", 0, "must be a whole number from 1 to 1,000,000"),
        ("embed_dim", 1.5, "must be a whole number from 1 to 1,000,000"),
        ("embed_dim", True, "must be a whole number from 1 to 1,000,000"),
        ("embed_dim", None, "must be a whole number from 1 to 1,000,000"),
        ("max_tokens", 2, "must be a whole number from 3 to 1,000,000,000"),
        ("dropout", 1.0, "must be a number in [0, 1)"),
        ("validation", 1, "must be a number in [0, 1)"),
        ("learning_rate", 0, "must be a number in (0, 1e+09]"),
        ("learning_rate", float("nan"), "must be a number in (0, 1e+09]"),
        ("min_learning_rate_ratio", 1.1, "must be a number in [0, 1]"),
        ("global_clipnorm", 0.0, "must be a number in (0, 1e+09]"),
        ("norm", "both", "must be one of 'pre', 'post'"),
        ("layout", "columns", "must be one of 'auto', 'padded', 'packed'"),
        ("optimizer", "sgdd", "must be one of 'sgd', 'adam', 'adamw', 'muon'"),
        ("schedule", "line", "must be one of 'cosine', 'linear', 'exponential'"),
        ("momentum", 1, "must be a number in [0, 1)"),
        ("minutes", 0, "must be a number in (0, 1e+06]"),
        ("gradient_accumulation_steps", 0, "must be a whole number from 1 to 1,000,000"),
        ("evaluation_batches", 0, "must be a whole number from 1 to 1,000,000,000"),
        ("window", 0, "must be a whole number from 1 to 1,000,000"),
        ("decay_rate", 0, "must be a number in (0, 1]"),
        ("beta_2", 1, "must be a number in (0, 1)"),
        ("kernel_stddev", 0, "must be a number in (0, 1e+09]"),
        ("jit_compile", 1, "must be True, False or None"),
        ("separator", "", "must not be the empty string"),
        ("end_token", "", "must not be the empty string"),
        ("seed", -1, "must be a whole number from 0 to 2,147,483,647"),
    ],
)
def test_a_value_out_of_range_is_refused(name, value, rule):
    refused(f"`{name}` {rule}. Received: {name}={value!r}.", override, presets.get("stories"), **{name: value})


@pytest.mark.parametrize("name", ["model", "tokenizer"])
def test_an_unknown_model_or_tokenizer_lists_the_known_ones(name):
    known = ", ".join(map(repr, registry.PARTS[name]))
    refused(f"`{name}` must be one of {known}. Received: {name}='gpt'.", Recipe, **{name: "gpt"})


def test_text_settings_must_be_text():
    refused("`encoding` must be a string. Received: encoding=8.", Recipe, encoding=8, error=TypeError)


def test_widths_that_heads_do_not_divide_are_refused():
    message = "`num_heads` must divide `embed_dim`. Received: embed_dim=64, num_heads=5. Try num_heads=4."
    refused(message, override, presets.get("stories"), embed_dim=64, num_heads=5)


def test_a_width_without_heads_may_be_any():
    assert override(presets.get("attention-average"), embed_dim=5).num_heads == 4


def test_what_is_typed_becomes_a_value():
    assert parse("steps", "1_000") == 1000
    assert parse("learning_rate", "3e-4") == 3e-4
    assert parse("global_clipnorm", "None") is None
    assert parse("jit_compile", "true") is True and parse("jit_compile", "no") is False
    assert parse("separator", r"\n\n") == "\n\n" and parse("separator", "none") is None
    assert parse("end_token", "<|end|>") == "<|end|>"
    refused("`steps` must be a whole number from 1 to 1,000,000,000. Received: steps='x'.", parse, "steps", "x")
    refused("`embed_dim` must be a whole number", parse, "embed_dim", "none")
    refused("`jit_compile` must be True, False or None. Received: jit_compile='maybe'.", parse, "jit_compile", "maybe")
    refused("`setting` must be a setting of a recipe. Received: setting='step'. Did you mean steps", parse, "step", "1")


def test_every_setting_explains_itself():
    for name, field in settings().items():
        assert field.metadata["help"], name
        assert field.metadata["group"] in ("text", "tokens", "model", "optimizer", "training", "samples")
    assert "preset" not in settings()


def test_every_registered_class_exists_and_takes_its_settings():
    import inspect

    for kinds in registry.PARTS.values():
        for kind in kinds.values():
            arguments = inspect.signature(kind.load().__init__).parameters  # of the class, 3.11.2 has those of __new__
            for setting in kind.settings:
                argument, _, name = setting.rpartition("=")
                assert (argument or name) in arguments or argument == "dtype"  # every Keras layer's
            assert set(kind.takes) <= set(settings())


def test_every_setting_of_a_model_is_taken_by_one():
    for name, field in settings().items():
        if field.metadata["group"] == "model" and name != "model":
            assert any(name in kind.takes for kind in registry.MODELS.values()), name


def test_a_whole_number_beyond_all_floats_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"^`learning_rate` must be a number in \(0, 1e\+09\]\. Received: .*") as error:
        Recipe(learning_rate=10**400)
    assert len(str(error.value)) < 300


def test_a_run_of_another_length_is_evaluated_about_ten_times_unless_the_user_says_how_often():
    preset = presets.get("attention-average")
    assert preset.evaluate_every == 100
    for changes, every in (
        ({"steps": 100}, None),
        ({"epochs": 3}, None),
        ({"minutes": 1.0}, None),
        ({"steps": 100, "evaluate_every": 50}, 50),
        ({"batch_size": 8}, 100),
    ):
        assert override(preset, **changes).evaluate_every == every
    sizes = {"batches_per_epoch": 10, "tokens_per_batch": 64, "parameters": 1000}
    assert plan.make(override(preset, steps=100), **sizes).evaluations == 10
