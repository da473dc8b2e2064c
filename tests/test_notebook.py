"""The notebook runs from top to bottom, and the one in the repository shows a real run and nothing of the machine."""

import builtins
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

import tinylm_keras

PATH = pathlib.Path(__file__).parents[1] / "colab" / "tinylm_keras.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
PICTURES = {"padding", "frequencies", "embedding", "causal", "train", "compare", "attention", "temperature"}
REPORT = """
import json

facts = {"loss": live.rows[0]["loss"], "last_loss": live.rows[-1]["loss"], "same": reloaded_text == first}
facts |= {"by_hand": by_hand, "evaluated": after["perplexity"], "unigram": unigram, "before": before["perplexity"]}
print(json.dumps({name: float(value) for name, value in facts.items()}))
"""


def code_cells(notebook):
    return {cell["id"]: cell for cell in notebook.cells if cell.cell_type == "code"}


def data_of(cell):
    return [output["data"] for output in cell.outputs if "data" in output]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook after a run of six steps in an empty folder, and what it left in its variables."""
    notebook = nbformat.read(PATH, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT, id="report"))
    folder = tmp_path_factory.mktemp("notebook")
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYLM_NOTEBOOK_STEPS", "6")
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        client.execute()
    facts = json.loads(code_cells(notebook)["report"].outputs[0]["text"])
    return notebook, facts, folder


def test_it_runs_from_top_to_bottom_and_leaves_one_file(executed):
    notebook, _, folder = executed
    counts = [cell.execution_count for cell in code_cells(notebook).values()]
    assert counts == list(range(1, len(counts) + 1))
    assert [path.name for path in folder.iterdir()] == ["my_model.keras"]


def test_the_loss_fell_and_the_figures_agree(executed):
    _, facts, _ = executed
    assert facts["last_loss"] < facts["loss"] < 10
    assert facts["evaluated"] < facts["before"]
    assert facts["by_hand"] == pytest.approx(facts["evaluated"], rel=1e-3)
    assert facts["same"] == 1


def test_a_run_shows_pictures_tables_and_no_log(executed):
    notebook, _, _ = executed
    check_outputs(notebook, without_log_except=("report",))


def check_outputs(notebook, without_log_except=()):
    cells = code_cells(notebook)
    with_picture = {name for name, cell in cells.items() if any("image/png" in data for data in data_of(cell))}
    assert with_picture == PICTURES
    for name, cell in cells.items():
        kinds = {output.output_type for output in cell.outputs}
        assert "error" not in kinds, name
        assert "stream" not in kinds or name in without_log_except, name


def test_the_committed_notebook_shows_a_whole_run():
    check_outputs(NOTEBOOK)
    cells = code_cells(NOTEBOOK)
    assert [cell.execution_count for cell in cells.values()] == list(range(1, len(cells) + 1))
    silent = {name for name, cell in cells.items() if not cell.outputs}
    assert silent == {"settings", "install", "setup"}
    steps = int(re.search(r"STEPS\", (\d+)\)", cells["settings"].source).group(1))
    samples = data_of(cells["train"])[-1]["text/html"]
    assert f">{steps}</td>" in samples  # the run of the outputs had the number of steps that the code says


def test_the_committed_notebook_is_small_and_names_no_machine():
    assert PATH.stat().st_size < 700_000
    outputs = json.dumps([cell.outputs for cell in NOTEBOOK.cells if cell.cell_type == "code"])
    text = re.sub(r'"image/png": "[^"]*"', "", outputs)
    assert not re.search(r"(?<![\w.<\"/:])/(?:root|home|tmp|work|usr|opt|Users|var|mnt|content)\b|[A-Z]:\\\\", text)
    assert not re.search(r"warning|deprecat|cuda|oneDNN", text, flags=re.I)
    assert NOTEBOOK.metadata.language_info == {"name": "python"}
    assert not any("execution" in cell.metadata for cell in NOTEBOOK.cells)


def test_every_step_is_explained_and_no_line_is_too_long_to_read():
    for before, cell in zip(NOTEBOOK.cells, NOTEBOOK.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 100, cell["id"]
            assert len(before.source) > 100, cell["id"]


# In Colab, which nobody can run here: the same cells with stand-ins for Colab's modules, for pip and for the versions.


@pytest.fixture
def colab(monkeypatch):
    """Runs a cell as in Colab; `done` lists what it asked of Colab and pip, `installed` is what pip finds."""
    done, installed = [], {}
    files = types.SimpleNamespace(
        upload=lambda: done.append("upload") or {"my file.zip": b""}, download=lambda name: done.append(name)
    )
    drive = types.SimpleNamespace(mount=lambda where: done.append(where))
    package = types.ModuleType("google.colab")
    package.files, package.drive = files, drive
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

    def run(name, edit=lambda source: source, **variables):
        namespace = {"__builtins__": builtins, "MY_TEXT": "", "INSTALL_FROM": "", "IN_COLAB": True, **variables}
        exec(compile(edit(code_cells(NOTEBOOK)[name].source), name, "exec"), namespace)
        return namespace

    run.done, run.installed, run.code, run.brings = done, installed, 0, {}
    return run


def test_colab_installs_once_from_what_is_given(colab):
    for name in ("tensorflow", "keras", "numpy"):
        if name in sys.modules:
            colab.installed[name] = sys.modules[name].__version__
    colab("install", INSTALL_FROM="git+https://example.org/tinylm_keras")
    colab("install")
    assert colab.done == ["git+https://example.org/tinylm_keras"]


def test_colab_asks_for_a_zip_where_no_address_is_given(colab):
    colab("install")
    assert colab.done == ["upload", "my file.zip"]


def test_a_restart_is_asked_for_once_and_says_why(colab, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.18.0"))
    colab.installed.update(tensorflow="2.18.0")
    colab.brings = {"tensorflow": "2.21.0"}
    with pytest.raises(Exception, match="Restart the session once") as caught:
        colab("install")
    assert "tensorflow 2.18.0 is loaded, 2.21.0 is installed" in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]  # IPython shows this in place of a traceback
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.21.0"))  # after the restart
    colab("install")
    assert colab.done == ["upload", "my file.zip"]


def test_a_failed_installation_says_so(colab):
    colab.code = 1
    with pytest.raises(Exception, match=r"from my file\.zip failed:\nno such address"):
        colab("install")


def test_elsewhere_the_package_must_be_there(colab, monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab")
    with pytest.raises(Exception, match="Install it first"):
        colab("install")
    assert colab.done == []


@pytest.mark.parametrize("keep", [True, False])
def test_colab_downloads_or_keeps_on_drive(colab, monkeypatch, keep):
    copies = []
    monkeypatch.setattr("shutil.copy", lambda *names: copies.append(names))
    colab("keep", edit=lambda source: source.replace("KEEP_ON_DRIVE = False", f"KEEP_ON_DRIVE = {keep}"))
    assert colab.done == (["/content/drive"] if keep else ["my_model.keras"])
    assert copies == ([("my_model.keras", "/content/drive/MyDrive/my_model.keras")] if keep else [])


def test_a_text_of_ones_own_is_uploaded_in_colab_and_named_elsewhere(colab, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("my file.zip").write_text("one text\nanother text\na third text\n")  # the name that the stand-in gives
    look = {"tlm": tinylm_keras, "display": lambda *_: None, "table": lambda *_: None, "quote": lambda *_: None}
    found = colab("text", MY_TEXT="upload", StopHere=RuntimeError, **look)
    assert (colab.done, found["BUILT_IN"], len(found["texts"])) == (["upload"], False, 3)
    with pytest.raises(RuntimeError, match="write a path"):
        colab("text", MY_TEXT="upload", IN_COLAB=False, StopHere=RuntimeError, **look)
