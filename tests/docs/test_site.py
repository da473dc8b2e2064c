"""The documentation builds without a warning, leaves out no public name and no option, and says what is true."""

import html
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tomllib
import types
import zipfile
import zlib

import pytest

import tinylm_keras as tlm
from tinylm_keras.recipe import presets
from tinylm_keras.training import run_folder

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"

needs_sphinx = pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None, reason="the group docs is not installed; scripts/test installs it"
)


def build(source, out):
    """Build as scripts/docs does, with the settings in docs/ and no way to the network."""
    code = (
        "import socket; socket.socket.connect = None; from sphinx.cmd.build import main; import sys; sys.exit(main())"
    )
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", str(DOCS)]
    command = [sys.executable, "-c", code, *options, str(source), str(out)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    out = tmp_path_factory.mktemp("site")
    ended = build(DOCS, out)
    assert ended.returncode == 0, ended.stderr
    return out


def text_of(path):
    return html.unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))


@needs_sphinx
def test_every_public_name_is_in_the_reference(site):
    # Four lines of text, then compressed lines: name, domain:kind, …
    lines = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode().splitlines()
    documented = {line.split()[0] for line in lines if line.split()[1].startswith("py:")}
    modules = {"": tlm, "data.": tlm.data, "stories.": tlm.stories, "layers.": tlm.layers}
    modules |= {"metrics.": tlm.metrics, "callbacks.": tlm.callbacks, "presets.": tlm.presets, "interop.": tlm.interop}
    for place, module in modules.items():
        names = [name for name in module.__all__ if not isinstance(getattr(module, name), types.ModuleType)]
        missing = [name for name in names if f"tinylm_keras.{place}{name}" not in documented]
        assert not missing, place
    submodules = {name for name in tlm.__all__ if isinstance(getattr(tlm, name), types.ModuleType)}
    # Each has a page, but for `baselines`, whose names are those of `tlm` itself.
    assert submodules == {"baselines", "callbacks", "data", "layers", "metrics", "presets", "stories"}
    assert set(tlm.baselines.__all__) <= set(tlm.__all__)
    for method in ("generate", "stream", "score", "fit", "evaluate", "compile", "save"):
        assert f"tinylm_keras.LanguageModel.{method}" in documented


@needs_sphinx
def test_every_command_and_option_is_on_the_page_with_its_help(site):
    from rich.markup import render

    from tinylm_keras.cli._main import parser

    page = " ".join(text_of(site / "command_line.html").split())
    for name, command in parser().commands.items():
        assert f"tinylm {name} [OPTIONS]" in page
        for parameter in (one for one in command.params if not getattr(one, "hidden", False)):
            assert parameter.opts[0] in page or parameter.name.upper() in page, (name, parameter.name)
            assert " ".join(render(parameter.help).plain.split()) in page, (name, parameter.name)


@needs_sphinx
def test_the_notebooks_are_shown_with_their_pictures_and_nothing_comes_from_another_server(site):
    for name in ("tinylm_keras", "3_order", "4_attention", "5_training", "6_writing"):
        assert "<img" in (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//", text), page
        assert not re.search(r"<link[^>]+rel=\"stylesheet\"[^>]+href=\"(?:https?:)?//", text), page


@needs_sphinx
def test_names_in_docstrings_and_on_pages_are_links(site):
    page = (site / "how_it_works.html").read_text(encoding="utf-8")
    assert re.search(
        r'href="reference/tlm.html#tinylm_keras.MiniLM"[^>]*>\s*<code[^>]*><span class="pre">tlm.MiniLM', page
    )
    page = (site / "reference" / "tlm.html").read_text(encoding="utf-8")
    assert re.search(r'href="data.html#tinylm_keras.data.read"', page)
    assert "LanguageModel(*args" not in text_of(site / "reference" / "tlm.html")


@needs_sphinx
def test_a_link_that_leads_nowhere_and_an_unknown_name_fail_the_build(tmp_path):
    source = tmp_path / "pages"
    source.mkdir()
    (source / "index.md").write_text(
        "# Page\n\n[gone](gone.md), {py:obj}`tlm.nothing`\n\n```{toctree}\nnotebooks/ladder\n```\n"
    )
    ended = build(source, tmp_path / "out")
    assert ended.returncode == 1
    assert "'myst' cross-reference target not found: 'gone.md'" in ended.stderr
    assert "there is no tlm.nothing in the reference" in ended.stderr


def test_the_commands_on_the_pages_exist():
    from tinylm_keras.cli._main import parser

    known = parser().commands
    found = 0
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"^\$ tinylm (.*)$", text, flags=re.M) + re.findall(r"`tinylm ([a-z][^`]*)`", text):
            name, *words = line.split()
            options = {option for parameter in known[name].params for option in parameter.opts} | {"--help"}
            assert {word for word in words if word.startswith("--")} <= options, (page.name, line)
            found += 1
    assert found > 10


def test_the_first_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("my.txt").write_text("Once upon a time there was a cat. It slept all day.\n" * 40)
    [code] = re.findall(r"^```python\n(.*?)^```$", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.M | re.S)
    few = 'preset="fast", steps=2, num_blocks=1, jit_compile=False, max_new_tokens=8, prompt=None, progress=None'
    exec(code.replace('out="runs/mine"', f'out="runs/mine", {few}'), {})
    assert capsys.readouterr().out.startswith("Once")
    assert pathlib.Path("runs/mine/model.keras").exists()


def test_the_page_of_presets_has_advice_for_each():
    page = (DOCS / "presets.md").read_text(encoding="utf-8")
    advised = set(re.findall(r"`([\w-]+)`", page))
    assert set(presets.names()) <= advised


def test_the_page_of_the_file_format_names_what_files_hold(tmp_path):
    page = (DOCS / "file_format.md").read_text(encoding="utf-8")
    members, entries, files = (
        set(re.findall(r"`([\w.]+)`", "\n".join(row.split("|")[1] for row in table.splitlines())))
        for table in re.findall(r"^\|---\|---\|\n((?:\|.*\n)+)", page, flags=re.M)
    )
    tokenizer = tlm.WhitespaceTokenizer(vocabulary=["a", "b"])
    model = tlm.MiniLM(tokenizer=tokenizer, context_length=4, embed_dim=8)
    model.compile()
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert members == set(archive.namelist())
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        config = json.loads(archive.read("config.json"))
    assert "compile_config" in config
    sizes = {"embed_dim", "num_heads", "feed_forward_dim", "num_blocks", "dropout", "norm", "activation"}
    others = set(config["config"]) - entries - sizes
    assert others == {"name", "embeddings_stddev", "kernel_stddev", "head_bias"}
    assert entries - set(config["config"]) == {"training"}
    assert f"a whole number, {config['config']['format_version']} today" in page
    assert files == set(run_folder.FILES)


def test_the_changelog_has_the_version_of_the_package_and_the_workflow_runs_the_script():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.search(rf"^## {re.escape(version)} \(", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "- run: ./scripts/test" in workflow
    assert 'python: ["3.11", "3.13"]' in workflow


@needs_sphinx
def test_the_sentences_of_a_notebooks_pictures_are_found_by_the_name_of_the_file():
    import base64
    import hashlib

    spec = importlib.util.spec_from_file_location("picture_alt", DOCS / "_extensions" / "picture_alt.py")
    picture_alt = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(picture_alt)
    picture, other = (base64.b64encode(data).decode() for data in (b"one", b"two"))
    described = {"data": {"image/png": picture}, "metadata": {"image/png": {"alt": "Loss by step."}}}
    outputs = [described, {"data": {"image/png": other}, "metadata": {}}, {"output_type": "stream"}]
    found = picture_alt.sentences({"cells": [{"outputs": outputs}, {"source": ""}]})
    assert found == {hashlib.sha256(b"one").hexdigest(): "Loss by step."}
