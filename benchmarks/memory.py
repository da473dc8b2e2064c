"""Peak memory and seconds of a training step with a large vocabulary: the loss in chunks, all logits at once, Keras.

Each process takes a few steps. The peak is the most that the operating system saw it hold; growth is how much of that
came after model, optimizer and data were there, so it includes what the compiler needs.
"""

import statistics
import sys

from benchmarks import measuring
from benchmarks.measuring import Arm, Row

# Tokens of a step, words, blocks.
ROWS = {"step": (4096, 50257, 2), "whole": (4096, 50257, 8)}
ARMS = {
    "ours": {},
    "ours, all logits": {"chunks": False},
    "Keras, XLA": {"by": "keras"},
    "Keras, as it comes": {"by": "keras", "xla": False},
    "ours without XLA": {"xla": False},
}


def rows(options):
    """Every row of this job."""
    return [_row(key, *sizes, options) for key, sizes in ROWS.items()]


def _row(key, tokens, vocabulary_size, num_blocks, options):
    task = {"tokens": tokens, "vocabulary_size": vocabulary_size, "num_blocks": num_blocks, "steps": options.steps}
    arms = [Arm(name, measuring.task("benchmarks.arms.memory", "step", **task, **how)) for name, how in ARMS.items()]
    title = f"{key}: a training step of {tokens:,} tokens, {vocabulary_size:,} words, {num_blocks} blocks, 384 wide"
    return Row(key, title, arms, unit="seconds", more=memory)


def memory(summary):
    """Lines with the peak of each arm, and of ours over it."""
    medians = {
        arm["name"]: [statistics.median(result[name] for result in arm["results"]) for name in ("peak", "growth")]
        for arm in summary["arms"]
    }
    lines = []
    for name, (peak, growth) in medians.items():
        line = f"  {name:22}peak {peak:6,.0f} MiB, growth {growth:6,.0f} MiB"
        if "ours" in medians and name != "ours":
            ours = medians["ours"]
            line += f"; ours takes {ours[0] / peak:.2f} of the peak, {ours[1] / growth:.2f} of the growth"
        lines.append(line)
    return lines


def main():
    parser = measuring.parser(__doc__)
    parser.set_defaults(processes=3, no_limits=True)
    parser.add_argument("--rows", nargs="+", choices=ROWS, help="rows to measure (default all)")
    parser.add_argument("--steps", type=int, default=1, help="steps of each of the three timed epochs (default 1)")
    options = parser.parse_args()
    return measuring.run("memory", measuring.choose_rows(rows(options), options.rows), options)


if __name__ == "__main__":
    sys.exit(main())
