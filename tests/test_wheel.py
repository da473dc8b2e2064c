"""The wheel that `python -m build` makes holds the whole package, and works where nothing else of the repository is."""

import pathlib
import shutil
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).parents[1]


def test_the_wheel_has_every_module_and_its_command_answers(tmp_path):
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tinylm_keras", tmp_path / "tinylm_keras", ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", tmp_path]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        archive.extractall(tmp_path / "installed")
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tinylm_keras").rglob("*.py")}
    web = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tinylm_keras/explain/web").rglob("*.*")}
    assert names == modules | web | {"tinylm_keras/py.typed"}
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tinylm_keras.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-S", "-c", code, tmp_path / "installed", "presets"]
    paths = [path for path in sys.path if path.endswith("site-packages")]
    settings = {"cwd": tmp_path / "dist", "env": {"PYTHONPATH": ":".join(paths)}, "capture_output": True, "text": True}
    ended = subprocess.run(command, check=True, **settings)
    assert "shakespeare-char-small:" in ended.stdout
