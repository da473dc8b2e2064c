"""The pages say what is true: Python runs, the tree is complete, commands and links exist."""

import ast
import dataclasses
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

from tinylm_keras.recipe import presets
from tinylm_keras.recipe.recipe import Recipe

ROOT = pathlib.Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md")
README, CONTRIBUTING = ((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
TOUR, PRESETS = ((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("getting_started.md", "presets.md"))


def blocks(language, page=README):
    """The fenced blocks of one language, in their order."""
    return [text for name, text in re.findall(r"^```([^\n]*)\n(.*?)^```$", page, flags=re.M | re.S) if name == language]


def tree_lines():
    """The lines of the tree in CONTRIBUTING.md."""
    [text] = [block for block in blocks("", CONTRIBUTING) if "tinylm_keras/" in block]
    return text.splitlines()


def tree():
    """The folders of the tree, with a slash at the end."""
    folders, paths = [], []
    for line in tree_lines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folders = folders[:depth]
        paths.append("".join(folders) + name)
        if name.endswith("/"):
            folders.append(name)
    return paths


def test_the_readme_has_at_most_150_lines():
    assert len(README.splitlines()) <= 150


def test_the_python_of_the_readme_and_of_the_tour_after_it_runs_as_it_stands(tmp_path):
    code = blocks("python") + blocks("python", TOUR)
    assert len(code) == 3
    assert len([line for line in code[0].splitlines() if line.strip()]) <= 12
    script = "\n".join(code) + "\nassert isinstance(texts[0], str) and loss > 0 and len(log_p) == 2\n"
    settings = {"capture_output": True, "text": True, "cwd": tmp_path, "timeout": 180}
    ended = subprocess.run([sys.executable, "-c", script], **settings)
    assert ended.returncode == 0, ended.stderr
    assert "One day," in ended.stdout
    assert (tmp_path / "runs" / "three" / "model.keras").exists()


def test_every_folder_of_the_tree_exists():
    assert [path for path in tree() if not path.endswith("/") or not (ROOT / path).is_dir()] == []


def test_every_folder_is_in_the_tree_with_its_purpose():
    folders = {path.parent for place in ("tinylm_keras", "benchmarks") for path in (ROOT / place).rglob("*.py")}
    wanted = {folder.relative_to(ROOT).as_posix() + "/" for folder in folders}
    assert wanted <= set(tree()), sorted(wanted - set(tree()))
    assert all(len(line.split()) > 1 for line in tree_lines())


def commands():
    """Every `tinylm COMMAND …` of both pages, as the list of its words."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    lines = re.findall(r"^\$ (tinylm .*)$", text, flags=re.M) + re.findall(r"`(tinylm [a-z][^`]*)`", text)
    return [" ".join(line.split()) for line in lines]


@pytest.mark.parametrize("command", commands())
def test_commands_and_their_options_exist(command):

    from tinylm_keras.cli._main import parser

    known = parser().commands
    words = command.split()
    if words[1].startswith("-") or words[1].isupper():
        return
    assert words[1] in known
    options = {name for parameter in known[words[1]].params for name in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("page", PAGES)
def test_links_to_files_resolve(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in target]
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target


def test_the_presets_that_the_readme_advises_exist_and_the_default_is_named():
    [rows] = re.findall(r"^\| my text \| preset \|\n\|[-|]+\n((?:\|.*\n)+)", README, flags=re.M)
    advised = {name for row in rows.splitlines() for name in re.findall(r"`([\w-]+)`", row.split("|")[2])}
    assert advised <= {presets.AUTO, *presets.names()}
    [default] = re.findall(r"`([\w-]+)`, the default", rows)
    assert default == presets.AUTO
    assert presets.get(presets.DEFAULT) == presets.get("stories") == Recipe()


OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "muon": "Muon"}
SIZES = {
    "minilm": "{norm}-norm|context {context_length}|{embed_dim} wide|{num_heads} heads|{num_blocks} blocks",
    "rotary": "rotary|context {context_length}|{embed_dim} wide|{num_heads} heads|{num_blocks} blocks",
    "average": "average|context {context_length}|{embed_dim} wide|{num_hidden_layers} hidden layers of {hidden_dim}",
    "bigram": "bigram|context {context_length}",
    "mlp": "MLP|context {context_length}|window {window}|{num_hidden_layers} hidden layers from {hidden_dim}",
}


def test_the_preset_table_is_that_of_the_presets():
    [table] = re.findall(r"^\| preset \| model \| training \|\n\|[-|]+\n((?:\|.*\n)+)", PRESETS, flags=re.M)
    rows = dict(re.findall(r"^\| `([\w-]+)`[^|]*\|(.*)\|$", table, flags=re.M))
    assert sorted(rows) == sorted(presets.names())
    for name, row in rows.items():
        recipe = presets.get(name)
        length = f"{recipe.steps or recipe.epochs} {'steps' if recipe.steps else 'epochs'}"
        of = (
            f"of {recipe.gradient_accumulation_steps} × {recipe.batch_size}"
            if recipe.gradient_accumulation_steps > 1
            else f"of {recipe.batch_size}"
        )
        sizes = SIZES[recipe.model].format(**dataclasses.asdict(recipe)).split("|")
        for text in (*sizes, OPTIMIZERS[recipe.optimizer], length, of):
            assert text in row, (name, text)


def test_the_requirements_are_the_dependencies_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == project["dependencies"]


def test_the_pages_name_no_place_of_one_machine():
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.:/])/(?:root|home|tmp|work|Users|opt|mnt|content)\b", text), page


def test_the_import_rows_are_those_of_the_test_of_imports():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```\n(__main__\n.*?)^```$", page, flags=re.M | re.S)
    tests = ast.parse((ROOT / "tests" / "test_imports.py").read_text(encoding="utf-8"))
    [rows] = [node.value for node in tests.body if isinstance(node, ast.Assign) and node.targets[0].id == "ROWS"]
    assert [line.split() for line in shown.splitlines()] == ast.literal_eval(rows)
