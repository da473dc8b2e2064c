"""Kills during training, each followed by a resume and a comparison with a run that was never stopped."""

import dataclasses
import pathlib
import shutil
import subprocess
import sys
import time

from tests.training.test_resume import HEADS, PRESETS, RUN, WIDTHS, same
from tests.training.test_train import TEXTS, TINY
from tinylm_keras import load_model
from tinylm_keras.training.train import train

SETTINGS = {
    "tinylm": {**TINY, **RUN, "steps": 40, "evaluate_every": 9},
    **{
        preset: {**RUN, **WIDTHS, **sizes, "preset": preset, "steps": 40, "evaluate_every": 9}
        for preset, sizes in PRESETS.items()
    },
}
SETTINGS["shakespeare-char-small"] |= HEADS

CHILD = """
import sys
from tests.training.test_train import TEXTS
from tinylm_keras.training import checkpoint_manager as checkpoints
from tinylm_keras.training.train import train
checkpoints.SAVE_INTERVAL, checkpoints.SAVE_COST = 0.0, 0
print("ready", flush=True)
train(TEXTS, out=sys.argv[1], **eval(sys.argv[2]))
"""


@dataclasses.dataclass
class Trial:
    """One kill: after how many seconds, what was there, and whether the end was the same.

    Attributes:
        preset: str.
        seconds: float. From the first file of the run to the kill.
        batches: int or None. Of the checkpoint it continued from; None where there was none yet.
        equal: bool. Whether weights, optimizer, seed states and text equal those of the run that was never stopped.
    """

    preset: str
    seconds: float
    batches: int | None
    equal: bool

    @classmethod
    def all(cls, folder, kills, numbers):
        """Yield one trial for each kill, and print it."""
        whole = {}
        for number in range(kills):
            preset = list(SETTINGS)[number % len(SETTINGS)]
            if preset not in whole:
                out = folder / f"{preset}-whole"
                whole[preset] = out, train(TEXTS, out=out, **SETTINGS[preset])
            trial = cls._one(preset, folder / f"{preset}-{number}", whole[preset], numbers)
            equal = "equal" if trial.equal else "DIFFERENT"
            print(f"training: {preset}, {trial.seconds:.2f} s, checkpoint {trial.batches}: {equal}", flush=True)
            yield trial

    @classmethod
    def _one(cls, preset, run, whole, numbers):
        # Compiled training takes a few seconds, 40 checkpoints about two: a kill may fall anywhere, also at the end.
        seconds = numbers.uniform(0, 6)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(run), repr(SETTINGS[preset])],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        child.stdout.readline()
        while not (run / "recipe.json").exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(seconds)
        child.kill()
        child.wait()
        batches = None
        if (run / "last.keras").exists():
            from tinylm_keras import archive

            batches = archive.training(run / "last.keras")["batches"]
        model = train(TEXTS, resume=run, progress=None)
        if model is None:  # it had ended
            model = load_model(run / "model.keras")
        equal = same(load_model(run / "last.keras"), load_model(whole[0] / "last.keras"))
        equal &= model.generate("the", seed=3) == whole[1].generate("the", seed=3)
        shutil.rmtree(pathlib.Path(run))
        return cls(preset, seconds, batches, bool(equal))
