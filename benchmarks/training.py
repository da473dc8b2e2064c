"""Seconds per training step: ours, whole and with each optimization off, keras-nlp and nanoGPT.

Every arm has the same shape and takes the same step: forward, backward, gradients clipped to norm 1, AdamW; no dropout.
"""

import sys

from benchmarks import measuring, peers
from benchmarks.measuring import Row
from benchmarks.shapes import SHAPES

BATCH_SIZE = {"small": 12, "large": 16}
STEPS = {"small": 100, "large": 3}  # in each timed epoch
STEPS_PER_EXECUTION = {"small": 10, "large": 1}


def rows(options, found):
    """Every row of this job."""
    return [_float32(shape, options, found) for shape in SHAPES] + [_bfloat16(options, found)]


def _float32(shape, options, found):
    task = {"shape": shape, "batch_size": BATCH_SIZE[shape], "steps": STEPS[shape]}
    each = {"steps_per_execution": STEPS_PER_EXECUTION[shape]}
    ours = [("ours", "training", {**task, **each})]
    if options.ablations:
        ours.append(("ours without XLA", "training", {**task, **each, "xla": False}))
    if options.ablations and each["steps_per_execution"] > 1:
        ours.append(("ours, one step per execution", "training", task))
    keras_nlp = [
        ("keras-nlp, fit", "training", task),
        ("keras-nlp, fit with XLA", "training", {**task, "jit_compile": True}),
    ]
    arms = peers.our_arms(ours) + found.keras_nlp_arms(keras_nlp) + found.nano_gpt_arms(_nano_gpt(task, options))
    return _row(shape, "float32", shape, arms)


def _bfloat16(options, found):
    task = {"shape": "large", "batch_size": BATCH_SIZE["large"], "steps": STEPS["large"]}
    mixed = {**task, "dtype": "mixed_bfloat16"}
    arms = peers.our_arms([("ours", "training", mixed), ("ours without XLA", "training", {**mixed, "xla": False})])
    arms += found.nano_gpt_arms(_nano_gpt({**task, "autocast": "bfloat16"}, options))
    return _row("bfloat16", "bfloat16", "large", arms)


def _nano_gpt(task, options):
    arms = [("nanoGPT", "training", task)]
    if not options.no_torch_compile:
        arms.append(("nanoGPT, torch.compile", "training", {**task, "compiled": True}))
    return arms


def _row(key, dtype, shape, arms):
    batch_size = BATCH_SIZE[shape]
    title = f"{key}: a training step in {dtype}, {SHAPES[shape].title}, batch {batch_size}"
    least = lambda limits: SHAPES[shape].least_training_seconds(limits, batch_size, dtype)  # noqa: E731
    return Row(key, title, arms, unit="seconds", least=least)


def main():
    parser = measuring.parser(__doc__)
    peers.add_options(parser)
    parser.add_argument("--rows", nargs="+", choices=(*SHAPES, "bfloat16"), help="rows to measure (default all)")
    parser.add_argument("--ablations", action="store_true", help="also ours without XLA, and one step per execution")
    parser.add_argument("--no-torch-compile", action="store_true", help="measure nanoGPT as it comes alone")
    options = parser.parse_args()
    found = peers.find(options, parser)
    return measuring.run("training", measuring.choose_rows(rows(options, found), options.rows), options, found.notes)


if __name__ == "__main__":
    sys.exit(main())
