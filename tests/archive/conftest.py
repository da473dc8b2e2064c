"""Runs the check on every hostile file, once, in a process that watches and limits it."""

import ctypes
import json
import os
import struct
import subprocess
import sys

import pytest

from tests.archive import hostile

# Above the interpreter with numpy.
MEMORY = 200 << 20

CHILD = """
import json, os, sys
from tinylm_keras import archive

files, memory, folder = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
os.chdir(folder)  # where the decoys are
try:
    import resource
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
except (ImportError, OSError):
    memory = None

"".encode("cp437")  # zipfile's, else imported during the first check
events, watching = [], False
WATCHED = {"open", "socket", "subprocess", "os", "shutil", "exec", "compile", "import", "ctypes", "urllib"}

def watch(event, arguments):
    if watching and event.split(".")[0] in WATCHED:
        events.append([event, str(arguments[0]) if arguments else ""])

sys.addaudithook(watch)
verdicts = {}
for name, path in files.items():
    watching = True
    try:
        verdicts[name] = f"loads {archive.check(path)}"
    except Exception as error:
        verdicts[name] = f"{type(error).__name__}: {error}"
    watching = False
modules = [name for name in ("keras", "tensorflow", "jax", "torch", "keras_nlp") if name in sys.modules]
print(json.dumps({"verdicts": verdicts, "events": events, "modules": modules, "limited": memory is not None}))
"""


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The path of every hostile file by its name, made in one folder."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = {name: folder / f"{name}.keras" for name in hostile.FILES}
    for name, path in paths.items():
        hostile.FILES[name][0](path)
    return paths


@pytest.fixture(scope="session")
def seen(files, tmp_path_factory):
    """What the check said and did, and which of the decoys somebody opened: a dict."""
    folder = tmp_path_factory.mktemp("decoys")
    decoys = [folder / name for name in ("decoy", "decoy.h5", "m.txt")]
    for decoy in decoys:
        decoy.write_text("a decoy")
    with OpenWatch(decoys) as watch:
        arguments = [json.dumps({name: str(path) for name, path in files.items()}), str(MEMORY), str(folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(hostile.ROOT), *sys.path])}
        command = [sys.executable, "-c", CHILD, *arguments]
        # A file that is read for ever would be a fault: all of them take ten seconds.
        child = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert child.returncode == 0, child.stderr
    return {**json.loads(child.stdout), "opened": watch.opened}


class OpenWatch:
    """Counts how often files are opened by anyone, C libraries too (Linux's inotify); `opened` is None elsewhere."""

    OPEN = 0x20

    def __init__(self, paths):
        self.paths, self.opened, self.queue = paths, None, -1

    def __enter__(self):
        if sys.platform == "linux":
            self.library = ctypes.CDLL(None, use_errno=True)
            self.queue = self.library.inotify_init1(os.O_NONBLOCK)
            for path in self.paths:
                assert self.library.inotify_add_watch(self.queue, os.fsencode(path), self.OPEN) >= 0
        return self

    def __exit__(self, *_):
        if self.queue >= 0:
            self.opened = self._count()
            os.close(self.queue)

    def _count(self):
        try:
            return len(os.read(self.queue, 1 << 16)) // struct.calcsize("iIII")
        except BlockingIOError:
            return 0
