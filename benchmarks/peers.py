"""Who we are compared with, and how to name them: keras-nlp, and nanoGPT from a checkout of the user's."""

import dataclasses
import hashlib
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
        torch: str. What that Python says of its PyTorch.
        keras_nlp: bool.
        wanted: bool. False where only our own arms were asked for.
    """

    nano_gpt: pathlib.Path | None = None
    python: str = sys.executable
    torch: str = ""
    keras_nlp: bool = False
    wanted: bool = True

    @property
    def notes(self):
        """One line for each peer that is missing, and which nanoGPT it was."""
        if not self.wanted:
            return []
        lines = [] if self.keras_nlp else [HOW_TO_ADD["keras-nlp"]]
        if self.nano_gpt is None:
            return [*lines, HOW_TO_ADD["nanoGPT"]]
        fingerprint = hashlib.sha256((self.nano_gpt / "model.py").read_bytes()).hexdigest()[:12]
        return [*lines, f"nanoGPT's model.py has the SHA-256 {fingerprint}…; it ran with {self.torch}."]

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
        return Peers(wanted=False)
    keras_nlp = importlib.util.find_spec("keras_hub") is not None
    checkout = arguments.nanogpt
    if checkout is None:
        return Peers(keras_nlp=keras_nlp)
    if not (checkout / "model.py").is_file():
        parser.error(f"--nanogpt must be a checkout of nanoGPT, which holds model.py. Received: {checkout}.")
    torch = _torch_of(arguments.peer_python, parser)
    return Peers(checkout.resolve(), arguments.peer_python, torch, keras_nlp)


def _torch_of(python, parser):
    """What a Python says of its PyTorch."""
    question = "import torch; print(f'PyTorch {torch.__version__} on {torch.get_num_threads()} threads')"
    rule = f"--peer-python must be a Python that has PyTorch. Received: {python}, "
    try:
        ended = subprocess.run([python, "-c", question], capture_output=True, text=True)
    except OSError as error:
        parser.error(f"{rule}which cannot be run: {error.strerror}.")
    if ended.returncode:
        parser.error(f"{rule}which says: {(ended.stderr.strip().splitlines() or ['nothing'])[-1]}")
    return ended.stdout.strip()
