"""How Sphinx builds the documentation; `scripts/docs` calls it. Nothing here reads the network unless asked to."""

import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))

import tinylm_keras  # noqa: E402
from tinylm_keras.cli import _console  # noqa: E402

_console.start_keras()  # without what TensorFlow logs meanwhile

project = "tinylm_keras"
version = release = tinylm_keras.__version__
copyright = "the authors of tinylm_keras, MIT licence"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "command_line",
    "included_pages",
    "picture_alt",
    "preset_table",
    "public_names",
]
exclude_patterns = ["_build", "_extensions"]

# In docstrings, `name` is code, and a link where it is the name of something public.
default_role = "py:obj"
highlight_language = "none"  # blocks that name no language
smartquotes_action = "D"  # dashes alone: quotes in docstrings are those of Python
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
autodoc_typehints = "none"  # the docstrings say the types in words; annotations are for editors
python_use_unqualified_type_names = True

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebooks are committed with the outputs of a real run
nb_ipywidgets_js = {}  # no script from another server

html_theme = "furo"
html_title = f"tinylm_keras {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
pygments_style, pygments_dark_style = "friendly", "monokai"

# `scripts/docs --online` fetches these inventories and turns the names in them into links. Keras publishes none: its
# names stay code without a link.
if tags.has("online"):  # noqa: F821
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "python": ("https://docs.python.org/3", None),
    }


def copy_notebooks(app, config):
    """Sphinx reads pages from one folder; the notebooks lie beside it."""
    folder = pathlib.Path(app.srcdir, "notebooks")
    folder.mkdir(exist_ok=True)
    for path in sorted(ROOT.joinpath("colab").glob("*.ipynb")):
        if not folder.joinpath(path.name).exists() or folder.joinpath(path.name).read_bytes() != path.read_bytes():
            shutil.copy(path, folder / path.name)


def setup(app):
    app.connect("config-inited", copy_notebooks)
