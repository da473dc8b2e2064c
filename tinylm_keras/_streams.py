"""Standard streams that are closed, or lead to a terminal or a reader that is gone."""

import contextlib
import errno
import os
import sys

# What writing says when nobody will ever read: a closed pipe, a closed terminal, a closed descriptor.
GONE = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF, errno.ECONNRESET)


def reopen_closed():
    """Let streams that a shell has closed (`>&-`) lead nowhere, as `/dev/null` does.

    Python leaves such a stream out (it is None), and its descriptor free: the next file that is opened would get it,
    and what C++ libraries write to standard error would land in that file.
    """
    for number in range(3):
        with contextlib.suppress(OSError):
            try:
                os.fstat(number)
            except OSError:
                nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor: this one
                os.set_inheritable(nowhere, True)  # the standard streams are
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 -- open until the process ends


def silence(stream):
    """Let a stream whose reader is gone lead nowhere, so that neither later writes nor the flush at exit fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def tell(text, stream):
    """Write a text that is no answer but a report: where it cannot be written, the work continues.

    Args:
        text: str.
        stream: A text stream; one whose reader is gone is silenced.

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
    except (ValueError, AttributeError):  # it was closed in Python, or there is none
        pass


class Lasting:
    """A text stream whose writes are those of `tell`; for rich, whose threads and exits know no such streams.

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
