"""`tinylm presets` shows the recipes, and `tinylm train` has an option for every setting of theirs."""

import json

import pytest

from tinylm_keras.recipe import presets


@pytest.mark.parametrize("chosen", [(), ("tinylm", "mlp")])
def test_the_table_has_every_setting_and_every_preset(tinylm, chosen):
    shown = tinylm("presets", *chosen)
    assert (shown.code, shown.err) == (0, "")
    for name in [*presets.settings(), *(chosen or presets.names())]:
        assert name in shown.out


def test_a_value_names_the_presets_that_have_it(tinylm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    shown = tinylm("presets").out.split("context_length")[1]
    assert "64: bigram, mlp, fast, shakespeare-char-small" in [line.strip() for line in shown.splitlines()]


def test_an_unknown_preset_is_refused(tinylm):
    assert tinylm("presets", "x").refusal.startswith("`preset` must be one of 'auto', 'stories', 'tinylm', 'bigram',")


def test_json_reads_back_as_the_same_recipes(tinylm):
    read = json.loads(tinylm("presets", "--json").out)
    assert {name: presets.Recipe(**values) for name, values in read.items()} == {
        name: presets.get(name) for name in presets.names()
    }


def test_train_has_an_option_with_help_for_every_setting(tinylm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = " ".join(tinylm("train", "--help").out.split())
    for name, field in presets.settings().items():
        assert f"--{name.replace('_', '-')} " in shown
        assert " ".join(field.metadata["help"].split())[:40] in shown
