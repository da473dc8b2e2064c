"""What an editor knows: the types of the public names, and which of them it offers."""

import importlib
import inspect
import json
import pathlib
import subprocess
import sys
import typing

import jedi
import pytest

import tinylm_keras as tlm
from tinylm_keras import _types
from tinylm_keras.tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]


def test_a_type_checker_accepts_good_code_and_marks_each_mistake(tmp_path):
    settings = {
        "typeCheckingMode": "standard",
        "include": [str(HERE / "passes.py"), str(HERE / "fails.py")],
        "extraPaths": [str(ROOT)],
    }
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--project", str(config), "--pythonpath", sys.executable]
    ended = subprocess.run([*command, "--outputjson"], capture_output=True, encoding="utf-8")
    found = json.loads(ended.stdout)
    assert found["summary"]["filesAnalyzed"] == 2
    errors = {"passes.py": {}, "fails.py": {}}
    for one in found["generalDiagnostics"]:
        errors[pathlib.Path(one["file"]).name][one["range"]["start"]["line"] + 1] = one["message"]
    assert not errors["passes.py"]
    lines = (HERE / "fails.py").read_text(encoding="utf-8").splitlines()
    assert set(errors["fails.py"]) == {number for number, line in enumerate(lines, 1) if "  # refused" in line}


def test_an_editor_completes_the_public_names():
    for code, name in (
        ("tlm.load_model('x').gen", "generate"),
        ("tlm.train('x').sco", "score"),
        ("tlm.WhitespaceTokenizer().adapt('x').tok", "tokenize"),
        ("tlm.bas", "baselines"),
        ("tlm.stories.wri", "write"),
    ):
        completions = jedi.Script(f"import tinylm_keras as tlm\n{code}", project=jedi.Project(ROOT)).complete()
        assert name in [one.name for one in completions], code


def test_dir_shows_the_public_names_and_submodules_and_nothing_private():
    rooms = {path.stem for path in (ROOT / "tinylm_keras").iterdir() if path.is_dir() or path.suffix == ".py"}
    rooms = {name for name in rooms if not name.startswith("_") and name.isidentifier()}
    for module, names in ((tlm, {*tlm.__all__, *rooms}), (tlm.data, set(tlm.data.__all__))):
        shown = {name for name in dir(module) if not name.startswith("__")}
        assert shown == names
        assert all(getattr(module, name) is not None for name in names)
    assert tlm.stories is tlm.data.stories
    assert tlm.baselines.BigramLM is tlm.BigramLM


def public_functions():
    modules = [tlm, tlm.data, tlm.layers, tlm.metrics, tlm.callbacks, tlm.presets, tlm.stories]
    for module in modules:
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)
    for name in ("evaluate", "write_stories", "judge_stories"):
        yield f"evaluation.{name}", getattr(importlib.import_module("tinylm_keras.evaluation"), name)
    yield "tokenizers.Tokenizer", Tokenizer


def written_here(kind):
    """The public methods that a class and its bases of this package define, and its `__init__`."""
    for base in kind.__mro__:
        if base.__module__.startswith("tinylm_keras"):
            for name, value in vars(base).items():
                value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                own = inspect.isfunction(value) and value.__module__ == base.__module__
                if own and (name == "__init__" or not name.startswith("_")):
                    yield f"{base.__name__}.{name}", value


# What Keras calls, with whatever a version of Keras passes on.
NOT_FOR_USERS = {
    "compute_loss",
    "compute_metrics",
    "train_step",
    "test_step",
    "save_own_variables",
    "load_own_variables",
}


def test_every_public_function_and_method_is_annotated():
    functions = {}
    for name, value in public_functions():
        if inspect.isclass(value):
            functions |= dict(written_here(value))
        elif inspect.isfunction(value):
            functions[name] = value
    assert len(functions) > 150
    incomplete = {}
    for name, function in functions.items():
        if name.rpartition(".")[2] in NOT_FOR_USERS:
            continue
        signature = inspect.signature(function)
        bare = [one.name for one in signature.parameters.values() if one.annotation is one.empty]
        bare = [name for name in bare if name not in ("self", "cls")]
        if bare or signature.return_annotation is signature.empty:
            incomplete[name] = bare
    assert not incomplete


def test_the_typed_settings_of_generation_are_the_arguments_of_generate():
    arguments = list(inspect.signature(tlm.LanguageModel.generate).parameters)
    assert arguments[:3] == ["self", "prompts", "max_new_tokens"]
    assert arguments[3:] == list(_types.GenerationSettings.__annotations__)


def test_the_typed_arguments_of_from_files_are_those_of_every_tokenizer():
    named = list(inspect.signature(Tokenizer.__init__).parameters.values())[1:-1]
    own = set(_types.TokenizerArguments.__annotations__) - set(_types.KerasArguments.__annotations__)
    assert own == {one.name for one in named}
    assert typing.get_type_hints(_types.KerasArguments).keys() == {"name", "dtype", "trainable"}


@pytest.mark.parametrize("name", ["baselines", "stories", "evaluation", "plots"])
def test_submodules_are_reached_by_their_name(name):
    assert getattr(tlm, name) is importlib.import_module(f"tinylm_keras.{name}")
