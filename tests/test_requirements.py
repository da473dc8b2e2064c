"""The requirements of the light environment: complete, and of the versions that are locked."""

import importlib.metadata
import pathlib
import re

from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).parents[1]
LINES = [line for line in (ROOT / "requirements-light.txt").read_text().splitlines() if line and line[0] != "#"]
LIGHT = {one.name: one for one in map(Requirement, LINES)}
LEFT_OUT = {"huggingface-hub"}  # what `tokenizers` names and imports only to fetch something


def test_whatever_the_light_packages_need_is_among_them():
    for name in LIGHT.keys() - {"colorama"}:  # which is installed on Windows alone
        for needed in map(Requirement, importlib.metadata.requires(name) or ()):
            if "extra ==" not in str(needed.marker):
                assert needed.name.lower() in LIGHT.keys() | LEFT_OUT, f"{name} needs {needed}"


def test_exact_versions_are_those_of_the_lock_file():
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), flags=re.M))
    for name, light in LIGHT.items():
        if "==" in str(light.specifier):
            assert str(light.specifier) == f"=={locked[name]}"
        elif name in locked:
            assert light.specifier.contains(locked[name])
