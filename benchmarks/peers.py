"""Who we are compared with, and how to name them: keras-nlp, and nanoGPT from a checkout of the user's."""

import dataclasses
import importlib.util
import pathlib
import subprocess
import sys

from benchmarks.measuring import Arm, task

OURS, KERAS_NLP, NANO_GPT = ("benchmarks.arms." + name for name in ("ours", "keras_nlp", "nano_gpt"))

HOW_TO_ADD = {
    "keras-nlp": "keras-nlp is left out: it is not installed here. Add it with: pip install keras-nlp",
    "nanoGPT": "nanoGPT is left out. Add it with: --nanogpt PATH (a checkout, which holds model.py) and, where PyTorch "
    "is in another environment, --peer-python PATH",
}


@dataclasses.dataclass(frozen=True)
class Peers:
    """The peers that can be measured.

    Attributes:
        nano_gpt: `pathlib.Path` or None. The checkout.
        python: str. A Python that has PyTorch.
        keras_nlp: bool.
    """

    nano_gpt: pathlib.Path | None
    python: str
    keras_nlp: bool

    @property
    def notes(self):
        """One line for each peer that is missing."""
        missing = {"keras-nlp": not self.keras_nlp, "nanoGPT": self.nano_gpt is None}
        return [HOW_TO_ADD[name] for name, is_missing in missing.items() if is_missing]

    def keras_nlp_arms(self, arms):
        """Arms by (name, measure, arguments), or none when keras-nlp is missing."""
        return [_arm(KERAS_NLP, *arm) for arm in arms] if self.keras_nlp else []

    def nano_gpt_arms(self, arms):
        """Arms by (name, measure, arguments), or none when nanoGPT is missing."""
        if self.nano_gpt is None:
            return []
        place = {"python": self.python, "checkout": str(self.nano_gpt)}
        return [_arm(NANO_GPT, name, measure, {**place, **arguments}) for name, measure, arguments in arms]


def our_arms(arms):
    """Arms of our model by (name, measure, arguments)."""
    return [_arm(OURS, *arm) for arm in arms]


def _arm(module, name, measure, arguments):
    return Arm(name, task(module, measure, **arguments))


def add_options(parser):
    """Add the options that name the peers."""
    parser.add_argument("--nanogpt", type=pathlib.Path, help="checkout of nanoGPT; it is read where it lies")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has PyTorch (default: this one)")
    parser.add_argument("--only-ours", action="store_true", help="measure no peer")


def find(arguments, parser):
    """Return the `Peers` that the options name; ends with one line when they name something that is not there."""
    if arguments.only_ours:
        return Peers(None, sys.executable, False)
    checkout = arguments.nanogpt
    if checkout is not None:
        checkout = checkout.resolve()
        if not (checkout / "model.py").is_file():
            parser.error(
                f"--nanogpt must be a checkout of nanoGPT, which holds model.py. Received: {arguments.nanogpt}."
            )
        _check_python(arguments.peer_python, parser)
    return Peers(checkout, arguments.peer_python, importlib.util.find_spec("keras_hub") is not None)


def _check_python(python, parser):
    rule = f"--peer-python must be a Python that has PyTorch. Received: {python}, "
    try:
        ended = subprocess.run([python, "-c", "import torch"], capture_output=True, text=True)
    except OSError as error:
        parser.error(rule + f"{error.strerror}.")
    if ended.returncode:
        parser.error(rule + f"which says: {(ended.stderr.strip().splitlines() or ['nothing'])[-1]}")
