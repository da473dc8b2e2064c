"""Law 12: imports run in one direction; and nothing heavy is imported before it is needed."""

import ast
import pathlib
import subprocess
import sys

import pytest

import tinylm_keras

ROOT = pathlib.Path(tinylm_keras.__file__).parent

# Each row imports only from rows below it (and from its own package). A new module joins one of these rows.
ROWS = [
    ["__main__"],
    ["notebook"],
    ["cli"],
    ["baselines/comparison", "explain"],
    ["experiments"],
    ["evaluation", "inspection", "interop"],
    ["description"],
    ["training"],
    ["saving", "plots"],
    ["baselines"],
    ["models", "data"],
    ["generation"],
    ["recipe", "samplers", "metrics", "schedules"],
    ["tokenizers", "layers", "text"],
    ["stories", "runtime"],
    ["hub"],
    ["_csv_files", "archive", "_folders", "counting", "copying", "id_rules"],
    ["writing"],
    ["_locks"],
    ["_files", "_keywords", "_renamed"],
    ["_checks", "_endings", "_keras_nlp", "_small_files", "_tf_data", "_terminal", "specs"],
    ["_streams", "_types"],
]
LEVEL = {name: len(ROWS) - index for index, row in enumerate(ROWS) for name in row}
KERAS_OPS_ALONE = ["layers", "models", "samplers", "metrics", "schedules", "generation"]


def sources():
    return [path for path in sorted(ROOT.rglob("*.py")) if path.name != "__init__.py" or path.parent != ROOT]


def row_of(parts):
    """The entry of the rows for a module, by the parts of its name: that of a folder in a folder comes first."""
    parts = [part.removesuffix(".py") for part in parts[:2]]
    both = "/".join(parts)
    return both if both in LEVEL else parts[0]


def top(path):
    return row_of(path.relative_to(ROOT).parts)


def imported(path):
    """(name of the top module, whether in the package) for every import in the file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "tinylm_keras":
                yield (row_of(parts[1:3]) if len(parts) > 1 else "tinylm_keras"), True
            else:
                yield parts[0], False


def test_every_module_imports_only_from_rows_below_its_own():
    wrong = []
    for path in sources():
        here = top(path)
        assert here in LEVEL, f"{here} has no place in the rows of this test: give it one"
        for name, ours in imported(path):
            if ours and name not in ("__version__", "tinylm_keras", here) and LEVEL[name] >= LEVEL[here]:
                wrong.append(f"{path.relative_to(ROOT)} must not import {name}")
    assert not wrong


def test_models_and_generation_use_keras_ops_alone():
    for path in (p for p in sources() if top(p) in KERAS_OPS_ALONE):
        outside = {name for name, ours in imported(path) if not ours}
        if path.name == "compile.py":
            outside -= {"tensorflow", "jax"}  # the one place that asks for the backend
        assert not outside & {"tensorflow", "jax", "torch"}, path


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_presets_sources_and_stories_imports_no_keras():
    code = (
        "import sys, tinylm_keras as tlm; tlm.presets.names(); tlm.data.stories.write(1); tlm.data.read;"
        "print([m for m in ('keras', 'tensorflow', 'keras_nlp', 'keras_hub', 'matplotlib') if m in sys.modules])"
    )
    assert run(code) == "[]\n"


def test_all_names_the_exports_and_each_can_be_had():
    assert sorted(tinylm_keras.__all__) == sorted(tinylm_keras._EXPORTS)
    for name in tinylm_keras.__all__:
        assert getattr(tinylm_keras, name) is not None
        assert name in dir(tinylm_keras)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tinylm_keras.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tinylm_keras.data.nothing  # noqa: B018


def test_the_type_checker_sees_the_same_names_and_submodules():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(
        node for node in tree.body if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    seen = sorted(alias.asname for node in block.body for alias in node.names)
    assert seen == sorted({*tinylm_keras.__all__, *tinylm_keras._SUBMODULES})


def test_every_package_has_an_all_that_is_true():
    rooms = ("archive", "data", "explain", "generation", "id_rules", "interop", "layers", "models")
    rooms += ("runtime", "tokenizers")
    for name in rooms:
        module = __import__(f"tinylm_keras.{name}", fromlist=["*"])
        for public in module.__all__:
            assert getattr(module, public) is not None
