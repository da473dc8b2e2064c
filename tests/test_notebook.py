"""Each notebook runs from top to bottom, and those in the repository show a real run and nothing of the machine."""

import builtins
import functools
import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
import types

import nbclient
import nbformat
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "colab"
ENTRY = "tinylm_keras"
LESSONS = [*("1_text_to_tokens", "2_counting", "3_order", "4_attention", "5_training", "6_writing")]
NOTEBOOKS = [ENTRY, *LESSONS]
LARGEST = 400_000  # bytes

# What the course explains: each is named in a sentence, and shown in a picture or a table of the lesson.
WORDS = {
    "residual": "4_attention",
    "query": "4_attention",
    "mask": "4_attention",
    "dropout": "5_training",
    "warm-up": "5_training",
    "initialisation": "5_training",
    "overfitting": "5_training",
    "top-p": "6_writing",
}

# Calls that draw; each is one line, and a lesson has few of them.
DRAWS = re.compile(r"\b(?:plots\.\w+|figure|axes|imshow|Figure)\b")

every_notebook = pytest.mark.parametrize("name", NOTEBOOKS)
every_lesson = pytest.mark.parametrize("name", LESSONS)


@functools.cache
def committed(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return {cell["id"]: cell for cell in notebook.cells if cell.cell_type == "code"}


def prose_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def shown_in(notebook):
    """What the outputs say: tables, texts, and the sentences that describe pictures."""
    found = []
    for cell in code_cells(notebook).values():
        for output in cell.outputs:
            found += [
                output.get("text", ""),
                *(output.get("data", {}).get(kind, "") for kind in ("text/html", "text/plain")),
            ]
            found.append(json.dumps(output.get("metadata", {})))
    return "\n".join(found)


# The tests run every notebook with small parameters. A lesson asserts by itself that what it computes by hand is right.
SMALL = {
    "1_text_to_tokens": {},
    "2_counting": {"LONGEST": 4},
    "3_order": {"STEPS": 6},
    "4_attention": {"STEPS": 6},
    "5_training": {"STEPS": 6, "BLOCKS": 1, "RATES": (0.01,)},
    "6_writing": {"STEPS": 6, "STORIES": 4},
    ENTRY: {"STEPS": 6, "STORIES": 300},
}


@every_notebook
def test_it_runs_from_top_to_bottom_and_leaves_at_most_one_file(name, tmp_path, monkeypatch):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    set_parameters(code_cells(notebook)["settings"], **SMALL[name])
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    client.execute()
    check_outputs(notebook)
    assert [path.name for path in tmp_path.iterdir()] == (["my_model.keras"] if name == ENTRY else [])


def set_parameters(cell, **values):
    for parameter, value in values.items():
        cell.source, count = re.subn(rf"^{parameter} = [^#\n]+", f"{parameter} = {value!r}  ", cell.source, flags=re.M)
        assert count == 1, parameter


def check_outputs(notebook):
    """All cells ran, in order, and show only tables, texts and pictures."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells.values()] == list(range(1, len(cells) + 1))
    for place, cell in cells.items():
        kinds = {output.output_type for output in cell.outputs}
        assert kinds <= {"display_data", "execute_result"}, place
        assert bool(kinds) == (place not in ("settings", "install", "setup")), place


@every_notebook
def test_the_committed_notebook_shows_a_whole_run(name):
    check_outputs(committed(name))


@every_notebook
def test_the_committed_notebook_is_small_and_names_no_machine(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST
    notebook = committed(name)
    outputs = json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    text = re.sub(r'"image/png": "[^"]*"', "", outputs)
    assert not re.search(r"(?<![\w.<\"/:])/(?:root|home|tmp|work|usr|opt|Users|var|mnt|content)\b|[A-Z]:\\\\", text)
    assert not re.search(r"warning|deprecat|cuda|oneDNN", text, flags=re.I)
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any("execution" in cell.metadata for cell in notebook.cells)


@every_notebook
def test_every_step_is_explained_and_no_line_is_too_long_to_read(name):
    notebook = committed(name)
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 98, cell["id"]
            assert before.cell_type == "markdown", cell["id"]
            assert len(before.source) > 60, cell["id"]


def test_the_entry_leads_from_a_text_to_a_file_in_ten_cells_and_on_to_every_lesson():
    notebook = committed(ENTRY)
    assert len(code_cells(notebook)) == 10
    for lesson in LESSONS:
        assert f"]({lesson}.ipynb)" in prose_of(notebook)


def test_the_old_notebook_leads_on_to_notebooks_that_exist():
    [cell] = nbformat.read(FOLDER / "ladder.ipynb", as_version=4).cells
    targets = re.findall(r"\]\((\w+\.ipynb)\)", cell.source)
    assert len(targets) == 4
    assert all((FOLDER / target).is_file() for target in targets)


@every_lesson
def test_a_lesson_has_three_questions_with_folded_answers_a_link_to_colab_and_fields(name):
    notebook = committed(name)
    questions = [cell.source for cell in notebook.cells if "**Guess before you run.**" in cell.source]
    assert len(questions) == 3
    for question in questions:
        asked, answer = question.split("<details><summary>Answer</summary>\n\n")
        assert "?" in asked
        assert answer.endswith("\n\n</details>")
    assert "[Open in Colab](https://colab.research.google.com/" in notebook.cells[0].source
    assert len(re.findall(r"# @param \{type:", code_cells(notebook)["settings"].source)) >= 3


@every_lesson
def test_less_than_a_tenth_of_the_visible_code_of_a_lesson_draws(name):
    visible = [cell for cell in code_cells(committed(name)).values() if not cell.metadata.get("jupyter")]
    lines = [line for cell in visible for line in cell.source.splitlines() if line.strip()]
    assert sum(bool(DRAWS.search(line)) for line in lines) < len(lines) / 10


@pytest.mark.parametrize("word", WORDS)
def test_each_idea_is_named_in_a_sentence_and_shown_in_an_output(word):
    notebook = committed(WORDS[word])
    assert re.search(rf"\b{word}\b", prose_of(notebook), flags=re.I)
    stem = word.removesuffix("ting")  # a picture says that a run overfits
    assert re.search(rf"\b{stem}", shown_in(notebook), flags=re.I)


def test_all_notebooks_install_in_the_same_way():
    entry = code_cells(committed(ENTRY))["install"]
    for name in LESSONS:
        cell = code_cells(committed(name))["install"]
        assert (cell.source, cell.metadata) == (entry.source, entry.metadata), f"scripts/notebooks {name} copies it"


# In Colab, which nobody can run here: the same cell with stand-ins for Colab's modules, for pip and for the versions.


@pytest.fixture
def install(monkeypatch):
    """Runs the cell that installs; `done` lists what it asked of Colab and pip, `installed` is what pip finds."""
    done, installed = [], {}
    package = types.ModuleType("google.colab")
    package.files = types.SimpleNamespace(upload=lambda: done.append("upload") or {"my file.zip": b""})
    monkeypatch.setitem(sys.modules, "google.colab", package)
    if "google" not in sys.modules:
        monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))

    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    def pip(command, **_):
        done.append(command[-1])
        installed.update({"tinylm-keras": "0.1.0", **run.brings})
        return types.SimpleNamespace(returncode=run.code, stderr="no such address")

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(subprocess, "run", pip)

    def run(source=""):
        code = code_cells(committed(ENTRY))["install"].source
        exec(compile(code, "install", "exec"), {"__builtins__": builtins, "INSTALL_FROM": source})

    run.done, run.installed, run.code, run.brings = done, installed, 0, {}
    return run


def test_colab_installs_once_from_what_is_given(install):
    for name in ("tensorflow", "keras", "numpy"):
        if name in sys.modules:
            install.installed[name] = sys.modules[name].__version__
    install("git+https://example.org/tinylm_keras")
    install()
    assert install.done == ["git+https://example.org/tinylm_keras"]


def test_colab_asks_for_a_zip_where_no_address_is_given(install):
    install()
    assert install.done == ["upload", "my file.zip"]


def test_a_restart_is_asked_for_once_and_says_why(install, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.18.0"))
    install.installed.update(tensorflow="2.18.0")
    install.brings = {"tensorflow": "2.21.0"}
    with pytest.raises(Exception, match="Restart the session once") as caught:
        install()
    assert "tensorflow 2.18.0 is loaded, 2.21.0 is installed" in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]  # IPython shows this in place of a traceback
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.21.0"))  # after the restart
    install()
    assert install.done == ["upload", "my file.zip"]


def test_a_failed_installation_says_so(install):
    install.code = 1
    with pytest.raises(Exception, match=r"from my file\.zip failed:\nno such address"):
        install()


def test_elsewhere_the_package_must_be_there(install, monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab")
    with pytest.raises(Exception, match="Install it first"):
        install()
    assert install.done == []
