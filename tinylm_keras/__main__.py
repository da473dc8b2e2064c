"""The command `tinylm`, which `python -m tinylm_keras` is too."""

import sys

from tinylm_keras import _endings


def main():
    """Run the command line of this process and return its exit code; see `cli.main`.

    The rest of the package is imported inside, where Ctrl-C ends as everywhere else.
    """
    return _endings.guarded(_command)


def _command():
    from tinylm_keras.cli._main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
