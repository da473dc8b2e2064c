"""Handles standard streams that are closed or whose terminal or reader is gone."""

import contextlib
import errno
import os
import sys
import tempfile

# Errors of writing to a closed pipe, terminal or descriptor.
GONE = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF, errno.ECONNRESET)


def reopen_closed():
    """Redirect streams that a shell has closed (`>&-`) to `/dev/null`.

    In Python such a stream is None and its descriptor free: the next opened file would get it, and C++ libraries would
    write their messages into that file.
    """
    for number in range(3):
        with contextlib.suppress(OSError):
            try:
                os.fstat(number)
            except OSError:
                nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor: this one
                os.set_inheritable(nowhere, True)  # as the standard streams are
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 -- open until the process ends


def silence(stream):
    """Redirect a stream whose reader is gone to `/dev/null`, so that later writes and the flush at exit do not fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def tell(text, stream):
    """Write a report to a stream; errors of writing are ignored.

    Args:
        text: str.
        stream: A text stream; it is silenced if its reader is gone.

    Example:

    >>> import io
    >>> stream = io.StringIO()
    >>> stream.close()
    >>> tell("half done", stream)
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno in GONE:
            silence(stream)
    except (ValueError, AttributeError):  # it is closed or None
        pass


class Lasting:
    """A text stream that writes with `tell`, for rich, which does not expect errors of writing.

    Args:
        stream: The text stream.
    """

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        tell(text, self._stream)
        return len(text)

    def flush(self):
        """Nothing is left to flush."""


@contextlib.contextmanager
def held_back(number=2):
    """Hold back what is written to a file descriptor, by C++ too, and write it only if the block fails.

    Args:
        number: int. 1 for stdout, 2 for stderr.
    """
    (sys.stdout if number == 1 else sys.stderr).flush()
    terminal = os.dup(number)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), number)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, number)
            os.close(terminal)
