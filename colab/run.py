"""Run the notebooks in colab/ from top to bottom and write their outputs into them; `scripts/notebooks` calls it.

The notebooks themselves are the source: edit them in Jupyter or as JSON, then run this. The cells that install the
package are the same in all of them, and are copied from the entry, `tinylm_keras.ipynb`.
"""

import os
import pathlib
import sys
import tempfile
import time

import nbclient
import nbformat

FOLDER = pathlib.Path(__file__).resolve().parent
ENTRY = "tinylm_keras"
SHARED = ("install", "install-text")


def share(notebook):
    """Copy the cells that all notebooks have from the entry."""
    shared = {cell["id"]: cell.source for cell in nbformat.read(FOLDER / f"{ENTRY}.ipynb", as_version=4).cells}
    for cell in notebook.cells:
        if cell["id"] in SHARED:
            cell.source = shared[cell["id"]]


def run(notebook, folder):
    """Execute all cells in a folder, and remove what tells of this machine and of the time."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or the debugger warns in an output
    client = nbclient.NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(folder)}})
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)


def main(names):
    """Run the notebooks with these names, or all, and print what each took."""
    for path in [FOLDER / f"{name}.ipynb" for name in names] or sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        share(notebook)
        began, before = time.perf_counter(), os.times()
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, folder)
        seconds, after = time.perf_counter() - began, os.times()
        spent = sum(after[2:4]) - sum(before[2:4])  # of the kernel, a process of its own
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(f"{path.stem}: {seconds:.0f} s, {spent:.0f} CPU seconds, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
