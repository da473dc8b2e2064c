"""`scripts/kills`: kill training and saving at random moments, and count what was lost.

Training: for each preset by turns, a process trains with a checkpoint after every batch and dies by SIGKILL; the run
continues here, and must end with the same bits as one that was never stopped. Saving: a process saves two models by
turns into one file and dies by SIGKILL; the file must hold one of the two, whole.
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main():
    """Return 1 if anything was lost, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30, help="kills during training (default 30)")
    parser.add_argument("--saves", type=int, default=200, help="kills during saving (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="another seed kills at other moments (default 0)")
    options = parser.parse_args()
    numbers, lost = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        if options.saves:
            # A process of its own, where nothing but Keras on numpy runs: it can be forked at every kill.
            command = [sys.executable, "-m", "tests.kills.saving", folder, str(options.saves), str(options.seed)]
            lost += subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "numpy"}, check=False).returncode != 0
        if options.kills:
            from tests.kills.training import Trial

            lost += sum(not trial.equal for trial in Trial.all(pathlib.Path(folder), options.kills, numbers))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
