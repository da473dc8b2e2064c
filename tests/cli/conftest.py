"""One tiny run, made once by the command itself, and a way to call the command in this process."""

import dataclasses
import os
import subprocess
import sys

import pytest

from tinylm_keras.cli import _arguments, _main, main

TINY = ["--embed-dim", "8", "--num-heads", "2", "--num-blocks", "1", "--feed-forward-dim", "8"]


@dataclasses.dataclass
class Result:
    """What a call of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def refusal(self):
        """The line of a refused call, after checking that it is one line, exit code 2, and no answer."""
        assert (self.code, self.out) == (2, "")
        assert self.err.count("\n") == 1
        assert self.err.startswith("tinylm: ")
        return self.err.removeprefix("tinylm: ").rstrip("\n")


@pytest.fixture
def tinylm(capsys):
    """Call the command in this process: `tinylm("generate", path)` returns a `Result`."""

    def call(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def parsed():
    """What a command would be called with: `parsed("info", "m.keras")` gives its arguments by name."""

    def parse(*arguments):
        group = _main.parser()
        typed = _main._spread(list(arguments), _arguments.command_of(arguments, group))
        return group(typed, prog_name="tinylm", standalone_mode=False).keywords

    return parse


@pytest.fixture
def in_new_process():
    """Call the command as a shell would: `in_new_process("info", path)` returns a `subprocess.CompletedProcess`."""

    def call(*arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
        command = [sys.executable, "-m", "tinylm_keras", *map(str, arguments)]
        settings = {"capture_output": True, "encoding": "utf-8", "timeout": 120}
        return subprocess.run(command, env=environment | variables, **settings)

    return call


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """The folder of a tiny run on some built-in stories; two steps, so what the model writes makes no sense."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    arguments = ["train", "stories:60", "--steps", "2", "--evaluate-every", "2", "--out", str(folder), *TINY]
    assert main([*arguments, "--context-length", "80", "--max-new-tokens", "6"]) == 0
    return folder
