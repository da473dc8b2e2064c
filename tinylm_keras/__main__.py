"""The command `tinylm`, also `python -m tinylm_keras`."""

import sys

from tinylm_keras import _endings


def main():
    """Run the command line of this process and return its exit code; see `cli.main`.

    The rest of the package is imported later, so that Ctrl-C is handled during the import too.
    """
    return _endings.guarded(_command)


def _command():
    from tinylm_keras.cli._main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
