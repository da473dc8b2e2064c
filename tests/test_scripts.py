"""The scripts, with a stand-in for Python that only writes down what it is asked: nothing is installed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import packaging.requirements
import pytest

ROOT = pathlib.Path(__file__).parents[1]

# It answers questions (-c) with the real Python, makes an environment of itself, and writes down all else.
STAND_IN = """#!/bin/sh
case "$1 $2" in
  "-c "*) exec "{python}" "$@" ;;
  "--version "*) echo "Python 3.x"; exit ;;
  "-m venv") for place; do :; done; mkdir -p "$place/bin"; cp "$0" "$place/bin/python"; cp "$0" "$place/bin/tinylm" ;;
esac
echo "$(basename "$0") $*" >>"{log}"
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for Linux and macOS")


@pytest.fixture
def project(tmp_path):
    """A copy of the scripts in a folder with a blank in its name, and `call(script, …)` that returns what was done."""
    root = tmp_path / "my project"
    for folder in ("scripts", ".ci"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("pyproject.toml", "requirements.lock", "requirements-test.lock"):
        shutil.copy(ROOT / name, root)
    log = tmp_path / "log"
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "python3.13"
    stand_in.write_text(STAND_IN.format(python=sys.executable, log=log))
    stand_in.chmod(0o755)
    shutil.copy(stand_in, tmp_path / "bin" / "chromium")  # nothing is to be installed by Debian's packages

    def call(script, *arguments, **variables):
        log.write_text("")
        path = f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        environment = {"PATH": path, "HOME": str(tmp_path), **variables}
        settings = {"capture_output": True, "encoding": "utf-8", "timeout": 60, "cwd": tmp_path, "env": environment}
        ended = subprocess.run([root / script, *arguments], **settings)
        return ended, [line for line in log.read_text().splitlines() if line != "python -m pip --version"]

    call.root = root
    return call


def installed(lock):
    """What installs the package with the exact versions of a lock file."""
    pip = "python -m pip install --quiet --disable-pip-version-check"
    return [f"{pip} --require-hashes --requirement {lock}", f"{pip} --no-deps --editable ."]


def test_the_scripts_can_be_run():
    for script in ("scripts/demo", "scripts/test", "scripts/docs", "scripts/interop-check", ".ci/run"):
        assert os.access(ROOT / script, os.X_OK), script
        assert "set -euo pipefail" in (ROOT / script).read_text()
    for script in filter(pathlib.Path.is_file, (ROOT / "scripts").iterdir()):
        subprocess.run(["bash", "-n", script], check=True)


def test_the_demo_makes_an_environment_trains_and_judges(project):
    ended, done = project("scripts/demo")
    assert ended.returncode == 0, ended.stderr
    assert done == [
        "python3.13 -m venv --clear .venv",
        *installed("requirements.lock"),
        "tinylm train --out runs/demo --overwrite",
        "tinylm generate runs/demo  --samples 3 --temperature 0.8 --seed 1",
        "tinylm evaluate runs/demo",
    ]
    assert "Making a virtual environment" in ended.stdout
    assert "Installing" in ended.stdout


def test_a_second_call_installs_nothing_until_the_project_changes(project):
    project("scripts/demo")
    ended, done = project("scripts/demo", "--steps", "5")
    assert done[0] == "tinylm train --out runs/demo --overwrite --steps 5"
    assert "Installing" not in ended.stdout
    for name in ("pyproject.toml", "requirements.lock"):
        with (project.root / name).open("a") as file:
            file.write("\n# changed\n")
        assert project("scripts/demo")[1][0].startswith("python -m pip install")


@pytest.mark.parametrize(("lock", "groups"), [("requirements.lock", []), ("requirements-test.lock", ["test", "docs"])])
def test_a_lock_file_has_every_requirement_with_hashes_and_no_address(lock, groups):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    content = (ROOT / lock).read_text(encoding="utf-8")
    locked = re.findall(r"^([a-z0-9-]+)==(\S+?)(?: ;.*?)? \\\n    --hash=sha256:", content, re.MULTILINE)
    wanted = [
        *project["project"]["dependencies"],
        *(one for name in groups for one in project["dependency-groups"][name]),
    ]
    for requirement in map(packaging.requirements.Requirement, wanted):
        versions = [version for name, version in locked if name == requirement.name]
        assert versions and all(map(requirement.specifier.contains, versions)), requirement
    assert "://" not in content


@pytest.mark.parametrize("script", ["scripts/test", ".ci/run"])
def test_the_test_script_lints_then_hands_its_arguments_to_pytest(project, script):
    arguments = ["-k", "a law"] if script == "scripts/test" else []
    ended, done = project(script, *arguments)
    assert ended.returncode == 0, ended.stderr
    assert done == [
        "python3.13 -m venv --clear .venv",
        *installed("requirements-test.lock"),
        "python -m ruff check .",
        "python -m ruff format --check .",
        "python -m pytest --numprocesses 2 --dist loadfile" + "".join(f" {argument}" for argument in arguments),
    ]


def test_a_browser_is_installed_where_there_is_none_and_its_absence_fails_nothing(tmp_path):
    for name in ("dirname", "timeout", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name))
    for name, does in {"id": "echo 0", "apt-get": f'echo "$@" >>{tmp_path}/log; exit $FAILS'}.items():
        (tmp_path / name).write_text(f"#!{shutil.which('sh')}\n{does}\n")
        (tmp_path / name).chmod(0o755)
    for fails, said in {"0": "Installing Chromium", "1": "cannot be installed"}.items():
        code = f"set -euo pipefail; source {ROOT}/scripts/_environment.sh; make_browser; echo continues"
        settings = {"env": {"PATH": str(tmp_path), "FAILS": fails}, "capture_output": True, "encoding": "utf-8"}
        ended = subprocess.run([shutil.which("bash"), "-c", code], check=True, **settings)
        assert said in ended.stdout and ended.stdout.endswith("continues\n")
    assert "install --quiet --quiet --yes --no-install-recommends chromium" in (tmp_path / "log").read_text()


def test_the_documentation_is_built_with_warnings_as_errors_and_the_network_only_on_request(project):
    build = "python -m sphinx --builder html --fresh-env --fail-on-warning --keep-going --quiet"
    ended, done = project("scripts/docs")
    assert ended.returncode == 0, ended.stderr
    assert done[1:] == [*installed("requirements-test.lock"), f"{build} docs docs/_build/html"]
    assert project("scripts/docs", "--online")[1] == [f"{build} -t online docs docs/_build/html"]
    ended, done = project("scripts/docs", "--on-line")
    assert (ended.returncode, done) == (2, [])
    assert ended.stderr == "scripts/docs takes --online or nothing. Received: --on-line\n"


def test_a_half_made_environment_is_made_again(project):
    (project.root / ".venv" / "bin").mkdir(parents=True)
    assert project("scripts/test")[1][0] == "python3.13 -m venv --clear .venv"


@pytest.mark.parametrize("named", [True, False])
def test_a_python_that_will_not_do_is_refused_in_one_line_and_nothing_is_made(project, tmp_path, named):
    # As a pyenv shim: it is there, and fails.
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho 'no such version' >&2\nexit 127\n")
        (tmp_path / "bin" / name).chmod(0o755)
    ended, done = project("scripts/demo", **({"PYTHON": str(tmp_path / "bin" / "python3")} if named else {}))
    assert ended.returncode == 1
    tried = str(tmp_path / "bin" / "python3") if named else "python3.13 python3.12 python3.11 python3"
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith(
        f"tinylm_keras needs Python 3.11, 3.12 or 3.13 with its venv module. Not usable here: {tried}. "
    )
    assert (done, (project.root / ".venv").exists()) == ([], False)


def test_interop_check_runs_the_other_parts_when_one_fails(project):
    ended, done = project("scripts/interop-check", "gpt2", "graphs")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line for line in ended.stdout.splitlines() if line.startswith("==")] == ["== gpt2", "== graphs"]
    assert done[-1] == "python scripts/interop_check/with_graphs.py .interop/models"
    assert "python scripts/interop_check/import_gpt2.py check .interop/gpt2" in done

    llama = project.root / ".interop" / "llama" / "bin" / "python"
    llama.parent.mkdir(parents=True)
    (llama.parents[1] / ".installed").touch()
    llama.write_text("#!/bin/sh\nexit 1\n")
    llama.chmod(0o755)
    ended, done = project("scripts/interop-check", "llama", "graphs")
    assert (ended.returncode, ended.stderr) == (1, "Failed: llama\n")
    assert done[-1] == "python scripts/interop_check/with_graphs.py .interop/models"

    ended, done = project("scripts/interop-check", "light", "heavy")
    assert (ended.returncode, done) == (2, [])
    assert "takes some of: models transformers gpt2 llama graphs light. Received: heavy" in ended.stderr
