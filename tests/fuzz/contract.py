"""What every call must keep, whatever it is given: its errors are one line, it ends soon, it writes nowhere else."""

import contextlib
import faulthandler
import os
import resource
import sys
import time
import warnings

DOCUMENTED = (ValueError, TypeError, OSError)
LONGEST = 1_500  # characters of an error
SECONDS = 20  # CPU time of one case; compiling a generation loop takes some
HANGS = 120  # seconds after which a case is said to hang; the program ends, and leaves the files of the case
MEMORY = 4 << 30  # address space above what the program has when it begins

# Of each event that changes files: where its paths are among the arguments, and where the folder of each is open.
_WRITING = {
    "os.remove": {0: 1},
    "os.rmdir": {0: 1},
    "os.mkdir": {0: 2},
    "os.rename": {0: 2, 1: 3},
    "os.link": {1: 3},
    "os.symlink": {1: 2},
    "os.truncate": {0: None},
    "shutil.move": {0: None, 1: None},
}
_FORBIDDEN = {"socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pickle.find_class"}


class Watch:
    """Notes what a case does that it must not; `folder` is where it may write."""

    def __init__(self, folder):
        self.folder, self.on, self.seen = os.path.realpath(folder), False, []
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if not self.on:
            return
        if event == "open":
            path, mode, flags = arguments  # a folder that `path` may be below is not told
            writes = (mode and set(mode) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and isinstance(path, (str, bytes)) and not self._inside(path):
                self.seen.append(f"wrote {path!r}")
        elif event in _WRITING:
            for place, folder in _WRITING[event].items():
                path = _absolute(arguments[place], -1 if folder is None else arguments[folder])
                if path is not None and not self._inside(path):
                    self.seen.append(f"{event} {path!r}")
        elif event in _FORBIDDEN:
            self.seen.append(f"{event} {arguments!r:.100}")

    def _inside(self, path):
        path = os.path.realpath(os.fsdecode(path))
        return path == os.devnull or os.path.commonpath([path, self.folder]) == self.folder

    @contextlib.contextmanager
    def case(self):
        """One case: documented errors of one line pass, all else is an error."""
        began, self.seen, self.on = time.process_time(), [], True
        faulthandler.dump_traceback_later(HANGS, exit=True)  # nothing else gets through to a loop in C
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except DOCUMENTED as error:
            assert str(error).strip(), f"an error without a message: {error!r}"
            assert "\n" not in str(error).strip(), f"an error of several lines: {error!r}"
            assert len(str(error)) < LONGEST, f"an error of {len(str(error)):,} characters: {error!r:.500}"
        finally:
            self.on = False
            faulthandler.cancel_dump_traceback_later()
        spent = time.process_time() - began
        assert not self.seen, self.seen
        assert spent < SECONDS, f"took {spent:.0f} s of CPU time"


def _absolute(path, folder):
    """The path as text, below the folder that is open as the number `folder` (-1: none); None for what is no path."""
    if not isinstance(path, (str, bytes)):
        return None
    path = os.fsdecode(path)
    return path if folder == -1 else os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)


def limit_memory():
    """From here on, a case that asks for much more memory gets a MemoryError, which is a finding."""
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
