"""Each notebook runs from top to bottom, and those in the repository show a real run and nothing of the machine."""

import builtins
import dataclasses
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

import tinylm_keras

FOLDER = pathlib.Path(__file__).parents[1] / "colab"


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What is known of a notebook: the cells that show pictures, facts to read from its variables, its largest size."""

    pictures: set
    report: str
    bytes: int


LESSONS = {
    "tinylm_keras": Lesson(
        pictures={
            *("padding", "frequencies", "embedding", "causal", "train", "compare", "attention", "temperature"),
        },
        report="""
facts = {"loss": live.rows[0]["loss"], "last_loss": live.rows[-1]["loss"], "same": reloaded_text == first}
facts |= {"by_hand": by_hand, "evaluated": after["perplexity"], "unigram": unigram, "before": before["perplexity"]}
""",
        bytes=700_000,
    ),
    "ladder": Lesson(
        pictures={"count", "shuffle", "bigram", "code", "attention", "ladder"},
        report="""
facts = {result["name"]: result["bits_per_character"] for result in results}
facts |= {"rows": len(histories["mlp"]), "steps": histories["mlp"][-1]["step"], "same": first == again}
""",
        bytes=320_000,
    ),
}
REPORT = "import json\n{}print(json.dumps({{name: float(value) for name, value in facts.items()}}))"

every_notebook = pytest.mark.parametrize("name", LESSONS)


def committed(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return {cell["id"]: cell for cell in notebook.cells if cell.cell_type == "code"}


def data_of(cell):
    return [output["data"] for output in cell.outputs if "data" in output]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Call with a name for the notebook after a run of six steps, the facts in it, and its folder, empty before."""

    @functools.cache
    def run(name):
        notebook = committed(name)
        notebook.cells.append(nbformat.v4.new_code_cell(REPORT.format(LESSONS[name].report), id="report"))
        folder = tmp_path_factory.mktemp("notebook")
        client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TINYLM_NOTEBOOK_STEPS", "6")
            patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
            client.execute()
        return notebook, json.loads(code_cells(notebook)["report"].outputs[0]["text"]), folder

    return run


@every_notebook
def test_it_runs_from_top_to_bottom_and_leaves_one_file(executed, name):
    notebook, _, folder = executed(name)
    counts = [cell.execution_count for cell in code_cells(notebook).values()]
    assert counts == list(range(1, len(counts) + 1))
    assert [path.name for path in folder.iterdir()] == ["my_model.keras"]


def test_the_loss_fell_and_the_figures_agree(executed):
    _, facts, _ = executed("tinylm_keras")
    assert facts["last_loss"] < facts["loss"] < 10
    assert facts["evaluated"] < facts["before"]
    assert facts["by_hand"] == pytest.approx(facts["evaluated"], rel=1e-3)
    assert facts["same"] == 1


def test_every_baseline_was_trained_and_evaluated(executed):
    _, facts, _ = executed("ladder")
    results = [*("unigram", "average", "bigram counts", "bigram", "mlp", "minilm")]
    assert list(facts)[: len(results)] == results
    assert facts["bigram counts"] < facts["unigram"] < 6  # the trained ones have not learned much in six steps
    assert all(0 < facts[name] < 8 for name in results)
    assert (facts["rows"], facts["steps"], facts["same"]) == (6, 6, 1)


@every_notebook
def test_a_run_shows_pictures_tables_and_no_log(executed, name):
    check_outputs(executed(name)[0], name, without_log_except=("report",))


def check_outputs(notebook, name, without_log_except=()):
    cells = code_cells(notebook)
    assert {cell for cell in cells if has_picture(cells[cell])} == LESSONS[name].pictures
    for place, cell in cells.items():
        kinds = {output.output_type for output in cell.outputs}
        assert "error" not in kinds, place
        assert "stream" not in kinds or place in without_log_except, place


def has_picture(cell):
    return any("image/png" in data for data in data_of(cell))


@every_notebook
def test_the_committed_notebook_shows_a_whole_run(name):
    notebook = committed(name)
    check_outputs(notebook, name)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells.values()] == list(range(1, len(cells) + 1))
    silent = {place for place, cell in cells.items() if not cell.outputs}
    assert silent == {"settings", "install", "setup"}


def steps_of(notebook):
    return int(re.search(r"STEPS\", (\d+)\)", code_cells(notebook)["settings"].source).group(1))


def test_the_run_of_the_outputs_had_the_number_of_steps_that_the_code_says():
    notebook = committed("tinylm_keras")
    samples = data_of(code_cells(notebook)["train"])[-1]["text/html"]
    assert f">{steps_of(notebook)}</td>" in samples


def test_the_committed_comparison_has_its_baselines_in_order():
    cells = code_cells(committed("ladder")).values()
    tables = [data["text/html"] for cell in cells for data in data_of(cell) if "text/html" in data]
    row = r">bits per character</th></tr><tr><td[^>]*>([^<]+)</td><td[^>]*>([\d.]+)<"
    shown = {found[1]: float(found[2]) for found in (re.search(row, table) for table in tables) if found}
    assert list(shown) == ["unigram", "average", "bigram counts", "bigram", "mlp", "minilm"]
    assert shown["unigram"] > shown["average"] > shown["bigram"] > shown["mlp"] > shown["minilm"]
    assert shown["bigram"] == pytest.approx(shown["bigram counts"], abs=0.02)


@every_notebook
def test_the_committed_notebook_is_small_and_names_no_machine(name):
    notebook = committed(name)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LESSONS[name].bytes
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
            assert max(map(len, cell.source.splitlines())) <= 100, cell["id"]
            assert len(before.source) > 100, cell["id"]


def test_the_notebooks_install_and_keep_in_the_same_way():
    one, other = (code_cells(committed(name)) for name in LESSONS)
    for cell in ("install", "keep"):
        assert one[cell].source == other[cell].source


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

    def run(name, edit=lambda source: source, lesson="tinylm_keras", **variables):
        namespace = {"__builtins__": builtins, "MY_TEXT": "", "INSTALL_FROM": "", "IN_COLAB": True, **variables}
        exec(compile(edit(code_cells(committed(lesson))[name].source), name, "exec"), namespace)
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


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_text_of_ones_own_is_uploaded_in_colab_and_named_elsewhere(colab, monkeypatch, tmp_path, lesson):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("my file.zip").write_text("one text\nanother text\na third text\n")  # the name that the stand-in gives
    look = {"tlm": tinylm_keras, "display": lambda *_: None, "table": lambda *_: None, "quote": lambda *_: None}
    found = colab("text", lesson=lesson, MY_TEXT="upload", StopHere=RuntimeError, **look)
    assert (colab.done, found["BUILT_IN"], len(found["texts"])) == (["upload"], False, 3)
    with pytest.raises(RuntimeError, match="write a path"):
        colab("text", lesson=lesson, MY_TEXT="upload", IN_COLAB=False, StopHere=RuntimeError, **look)
