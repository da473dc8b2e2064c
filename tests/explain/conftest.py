"""Chromium without network, and one page of a model that is opened once for a module."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tinylm_keras import explain, runtime

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, for all tests of a module."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(browser):
    """`opened(path)` opens a page offline; it has the attributes `requests` and `errors`, which are lists of str."""
    contexts = []

    def call(path, **settings):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **settings)
        contexts.append(context)
        context.set_offline(True)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        tab.requests, tab.errors = [], []
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.on("console", lambda message: tab.errors.append(message.text) if message.type != "log" else None)
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.goto(f"file://{os.path.abspath(path)}")
        tab.wait_for_selector("body[data-ready]", state="attached")
        return tab

    yield call
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def run_engine(tmp_path_factory):
    """Runs cases in the engine of the page: a list of dicts with "payload" and "calls" gives a list of results each.

    The calls are those of `engine.mjs`; all cases run in one process.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed (Debian: apt-get install nodejs)")

    def run(cases):
        folder = tmp_path_factory.mktemp("engine")
        (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
        program, engine = pathlib.Path(__file__).with_name("engine.mjs"), pathlib.Path(explain.__file__).parent
        files = [folder / "cases.json", folder / "results.json"]
        ended = subprocess.run([node, program, engine / "web" / "engine", *files], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return json.loads(files[1].read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    """A model as the runtime reads it from its file."""

    def call(model):
        path = tmp_path_factory.mktemp("read") / "model.keras"
        model.save(path)
        return runtime.load(path)

    return call
