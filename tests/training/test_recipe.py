"""Laws of recipes and presets."""

import dataclasses
import json
import re
import subprocess
import sys

import pytest

from tinylm_keras.training import presets, registry
from tinylm_keras.training.recipe import Recipe, override, parse, settings


def refused(message, function, *arguments, error=ValueError, **keywords):
    with pytest.raises(error, match=re.escape(message)):
        function(*arguments, **keywords)


def test_presets_need_no_keras():
    code = "import sys; from tinylm_keras.training import presets; print({'keras', 'numpy'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_presets_are_stories_and_the_originals():
    assert presets.names() == ["stories", "tinylm"]
    tiny = presets.get("tinylm")
    sizes = (tiny.context_length, tiny.embed_dim, tiny.num_heads, tiny.feed_forward_dim, tiny.num_blocks)
    assert sizes == (20, 64, 2, 128, 2)
    assert (tiny.optimizer, tiny.batch_size, tiny.epochs, tiny.end_token) == ("adam", 16, 70, None)
    for name in presets.names():
        assert presets.get(name).preset == name
        assert presets.describe(name)
    refused("`preset` must be one of 'stories', 'tinylm'. Received: preset='x'.", presets.get, "x")
    refused("`preset` must be one of 'stories', 'tinylm'. Received: preset='x'.", presets.describe, "x")


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


def test_steps_and_epochs_replace_each_other():
    assert override(presets.get("tinylm"), steps=5).epochs is None
    assert override(presets.get("stories"), epochs=5).steps is None
    message = "`steps` or `epochs` must be given, and not both (epochs={}). Received: steps={}."
    refused(message.format(2, 5), override, presets.get("stories"), steps=5, epochs=2)
    refused(message.format(None, None), override, presets.get("stories"), steps=None)


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
        ("minimum_rate", 1.1, "must be a number in [0, 1]"),
        ("clip_norm", 0.0, "must be a number in (0, 1e+09]"),
        ("norm", "both", "must be one of 'pre', 'post'"),
        ("layout", "columns", "must be one of 'auto', 'lines', 'windows'"),
        ("optimizer", "sgdd", "must be one of 'adam', 'adamw', 'muon'"),
        ("model", "gpt", "must be one of 'minilm', 'rotary'"),
        ("tokenizer", "bpe", "must be one of 'whitespace'"),
        ("jit_compile", 1, "must be True, False or None"),
        ("separator", "", "must not be the empty string"),
        ("end_token", "", "must not be the empty string"),
        ("seed", -1, "must be a whole number from 0 to 2,147,483,647"),
    ],
)
def test_a_value_out_of_range_is_refused(name, value, rule):
    refused(f"`{name}` {rule}. Received: {name}={value!r}.", override, presets.get("stories"), **{name: value})


def test_text_settings_must_be_text():
    refused("`encoding` must be a string. Received: encoding=8.", Recipe, encoding=8, error=TypeError)


def test_widths_that_heads_do_not_divide_are_refused():
    message = "`num_heads` must divide `embed_dim`. Received: embed_dim=64, num_heads=5. Try num_heads=4."
    refused(message, override, presets.get("stories"), embed_dim=64, num_heads=5)


def test_what_is_typed_becomes_a_value():
    assert parse("steps", "1_000") == 1000
    assert parse("learning_rate", "3e-4") == 3e-4
    assert parse("clip_norm", "None") is None
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
        assert field.metadata["group"] in ("text", "model", "training", "samples")
    assert "preset" not in settings()


def test_every_registered_class_exists_and_takes_its_settings():
    import inspect

    for kinds in (registry.TOKENIZERS, registry.MODELS, registry.OPTIMIZERS):
        for kind in kinds.values():
            arguments = inspect.signature(kind.load()).parameters
            for setting in kind.settings:
                argument, _, name = setting.rpartition("=")
                assert (argument or name) in arguments
                assert name in settings()
