"""Laws of reading recipe.json: one reader, each value checked, one line."""

import json
import os

import pytest

from tinylm_keras import inspection
from tinylm_keras.training import run_folder, run_record
from tinylm_keras.training.resuming import SavedRun

GOOD = {
    "recipe": {"steps": 5},
    "source": "a.txt + b.txt",
    "corpus": {"sha256": "0" * 64, "texts": 3, "characters": 9, "layout": "padded"},
    "plan": {
        "steps": 5,
        "evaluate_every": 1,
        "gradient_accumulation_steps": 1,
        "steps_per_execution": 1,
        "jit_compile": False,
        "warmup_steps": 0,
        "estimated_seconds": 1.0,
    },
}


def test_a_record_is_read_with_its_recipe_its_plan_and_its_sources():
    record = run_record.parse(GOOD)
    assert (record.recipe.steps, record.plan.steps, record.sources) == (5, 5, ["a.txt", "b.txt"])
    assert run_record.parse({**GOOD, "sources": ["/x/rock + roll.txt"]}).sources == ["/x/rock + roll.txt"]
    assert run_record.parse({}).recipe is None


def test_an_older_record_is_read_with_the_names_of_today():
    values = json.loads(json.dumps(GOOD))
    values["recipe"]["warm_up"] = 3
    values["corpus"]["layout"] = "lines"
    for old, new in (("accumulate", "gradient_accumulation_steps"), ("warm_up", "warmup_steps")):
        values["plan"][old] = values["plan"].pop(new)
    values["earlier"] = [json.loads(json.dumps(values))]
    record = run_record.parse(values)
    assert (record.recipe.warmup_steps, record.plan.gradient_accumulation_steps) == (3, 1)
    assert record.values == {**GOOD, "recipe": {"steps": 5, "warmup_steps": 3}, "earlier": record.values["earlier"]}
    assert record.values["earlier"][0]["plan"] == GOOD["plan"]
    values["plan"]["warmup_steps"] = 0
    with pytest.raises(ValueError, match="warm_up"):
        run_record.parse(values)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("source",), 5),
        (("sources",), "a.txt"),
        (("sources",), [1]),
        (("init",), []),
        (("recipe",), []),
        (("recipe", "steps"), 10**12),
        (("recipe", "unheard_of"), 1),
        (("recipe", "batch_size"), 1_000_000),
        (("plan", "steps"), 10**12),
        (("plan", "steps"), -1),
        (("plan", "steps_per_execution"), 1 << 40),
        (("plan", "gradient_accumulation_steps"), 2),
        (("plan", "evaluate_every"), 6),
        (("plan", "more"), 1),
        (("corpus",), 7),
        (("corpus", "sha256"), 5),
        (("corpus", "characters"), -1),
        (("corpus", "characters"), True),
        (("corpus", "layout"), "rows"),
        (("corpus", "token_files"), 1),
        (("corpus", "kept"), [[0, 5, 5]]),
        (("corpus", "kept"), [[0, -1, 5]]),
        (("model",), {"parameters": "many"}),
        (("machine",), {"threads": None}),
        (("versions",), {"keras": 3}),
        (("minutes",), "3"),
        (("earlier",), [{"corpus": {"sha256": 1}}]),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_refused_in_one_line(tmp_path, place, value):
    values = json.loads(json.dumps(GOOD))
    holder = values
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    (tmp_path / "recipe.json").write_text(json.dumps(values))
    for read in (run_folder.record_of, SavedRun):
        with pytest.raises(ValueError, match=r"must be (the folder of )?a run") as error:
            read(tmp_path)
        assert "\n" not in str(error.value)
    assert inspection.read_recipe(tmp_path / "model.keras") is None


def _nested(path):
    path.write_text('{"recipe":' + "[" * 100_000)


def _zero(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_nested, _zero, os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["recipe.json", "history.csv"])
def test_a_companion_file_that_cannot_be_read_is_refused_at_once(tmp_path, name, make):
    (tmp_path / "history.csv").write_text("step,loss\n1,2.5\n")
    (tmp_path / "recipe.json").write_text(json.dumps(GOOD))
    run_folder.read(tmp_path)
    (tmp_path / name).unlink()
    make(tmp_path / name)
    with pytest.raises(ValueError, match="must be the folder of a run") as error:
        run_folder.read(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "history",
    [
        "step,loss\n2,1\n1,1\n",
        "step,loss\n-1,1\n",
        "step,loss\n1,nan\n",
        "step,loss\n1,1,1\n",
        'step\n"' + "x" * 200_000,
    ],
)
def test_a_history_that_cannot_be_true_is_refused(tmp_path, history):
    (tmp_path / "recipe.json").write_text(json.dumps(GOOD))
    (tmp_path / "history.csv").write_text(history)
    with pytest.raises(ValueError, match="must be the folder of a run"):
        run_folder.read(tmp_path)


def test_a_model_that_no_file_vouches_for_may_not_be_huge():
    for recipe in (
        {"embed_dim": 1_000_000, "num_heads": 1},
        {"num_blocks": 9_999},
        {"model": "mlp", "window": 999_999},
    ):
        with pytest.raises(ValueError, match="its recipe asks for a model of"):
            run_record.check_weights(run_record.parse({**GOOD, "recipe": {"steps": 5, **recipe}}))
    run_record.check_weights(run_record.parse(GOOD))


def test_a_plan_or_recipe_with_another_entry_or_without_one_is_named_by_the_entry():
    for part in ("plan", "recipe"):
        with pytest.raises(ValueError, match=f"^its {part} has an entry that this version does not know, 'colour'$"):
            run_record.parse({**GOOD, part: {**GOOD[part], "colour": 1}})
    lacking = {name: value for name, value in GOOD["plan"].items() if name != "steps"}
    with pytest.raises(ValueError, match=r"^its plan lacks the entry 'steps'$"):
        run_record.parse({**GOOD, "plan": lacking})
