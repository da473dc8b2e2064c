"""Tokens per second of new text: ours, whole and with each optimization off, keras-nlp and nanoGPT.

Every arm has the same shape, writes the same number of tokens and draws each from the same number of likeliest ones.
"""

import statistics
import sys

from benchmarks import measuring, peers
from benchmarks.measuring import Row
from benchmarks.shapes import SHAPES

KINDS = ("bfloat16", "int8")
LENGTHS = {"small": (8, 16, 32, 48, 63), "large": (16, 64, 128, 192, 255)}


def rows(options, found):
    """Every row of this job."""
    return [
        _row("one", "small", 1, 63, options, found),
        _row("large", "large", 1, 255, options, found),
        _row("batch", "large", 32, 255, options, found),
        _row("past", "small", 1, 500, options, found),
        _precision_row(options),
        *(_lengths_row(shape, options, found) for shape in SHAPES),
    ]


def _row(key, shape, prompts, new_tokens, options, found):
    """The same text by everyone."""
    inside = new_tokens < SHAPES[shape].context_length
    task = {"shape": shape, "prompts": prompts, "new_tokens": new_tokens, "top_k": options.top_k}
    task["budget"] = options.budget
    ours = [("ours", "generation", task)]
    if options.ablations and inside:
        ours.append(("ours without the cache", "generation", {**task, "cache": False}))
    if options.ablations:
        ours.append(("ours without XLA", "generation", {**task, "xla": False}))
    arms = peers.our_arms(ours)
    if inside:  # keras-nlp's model has no position past its context
        arms += found.keras_nlp_arms([("keras-nlp, XLA", "generation", task)])
    nano_gpt = [("nanoGPT", "generation", task)]
    if not options.no_torch_compile:
        nano_gpt.append(("nanoGPT, torch.compile", "generation", {**task, "compiled": True}))
    arms += found.nano_gpt_arms(nano_gpt)
    who = "one prompt" if prompts == 1 else f"{prompts} prompts at once"
    where = "" if inside else f", past the context of {SHAPES[shape].context_length}"
    return Row(
        key,
        f"{key}: {who}, {SHAPES[shape].title}, {new_tokens} new tokens{where}",
        arms,
        prompts * new_tokens,
        "tokens/s",
        (lambda limits: SHAPES[shape].least_generation_seconds(limits, prompts, new_tokens)) if inside else None,
    )


def _precision_row(options):
    """Our own model, with its weights as they are and in fewer bits."""
    task = {"shape": "large", "prompts": 1, "new_tokens": 255, "top_k": options.top_k, "budget": options.budget}
    arms = [("ours", "generation", task)]
    arms += [(f"ours, {kind}", "generation", {**task, "quantize": kind}) for kind in KINDS]
    title = f"precision: one prompt, {SHAPES['large'].title}, 255 new tokens"
    return Row("precision", title, peers.our_arms(arms), 255, "tokens/s")


def _lengths_row(shape, options, found):
    """Time against length: a line with a cache, a curve without one."""
    counts = LENGTHS[shape]
    task = {"shape": shape, "counts": counts, "top_k": options.top_k, "budget": options.budget / len(counts)}
    arms = peers.our_arms([("ours", "lengths", task)])
    if options.ablations:
        arms += peers.our_arms([("ours without the cache", "lengths", {**task, "cache": False})])
    arms += found.nano_gpt_arms([("nanoGPT", "lengths", task)])
    title = f"lengths-{shape}: one prompt, {SHAPES[shape].title}, {counts[-1]} new tokens"
    return Row(f"lengths-{shape}", title, arms, more=_fits)


def _fits(summary):
    """How the time of each arm grows with the number of tokens."""
    lines = []
    for arm in summary["arms"]:
        points = _medians([result["points"] for result in arm["results"]])
        fixed, each, explained = line_through(points)
        shown = ", ".join(f"{count}: {seconds * 1e3:.2f}" for count, seconds in points)
        lines.append(
            f"  {arm['name']}: {fixed * 1e3:.2f} ms and {each * 1e6:.0f} microseconds a token "
            f"(R² {explained:.4f}; ms by tokens {shown})"
        )
    return lines


def _medians(runs):
    return [(same[0][0], statistics.median(seconds for _, seconds in same)) for same in zip(*runs, strict=True)]


def line_through(points):
    """Least squares through (x, y): the height at 0, the slope, and the share of the variance that the line explains.

    Example:

    >>> line_through([(0, 1), (1, 3), (2, 5)])
    (1.0, 2.0, 1.0)
    """
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    height = mean_y - slope * mean_x
    rest = sum((y - height - slope * x) ** 2 for x, y in points)
    return height, slope, 1 - rest / sum((y - mean_y) ** 2 for _, y in points)


def main():
    parser = measuring.parser(__doc__)
    peers.add_options(parser)
    keys = (
        "one",
        "large",
        "batch",
        "past",
        "precision",
        *(f"lengths-{shape}" for shape in SHAPES),
    )
    parser.add_argument("--rows", nargs="+", choices=keys, help="rows to measure (default all)")
    parser.add_argument("--top-k", type=int, default=10, help="likeliest tokens to draw from (default 10)")
    parser.add_argument("--ablations", action="store_true", help="also ours without its cache and without XLA")
    parser.add_argument("--no-torch-compile", action="store_true", help="measure nanoGPT as it comes alone")
    options = parser.parse_args()
    found = peers.find(options, parser)
    chosen = measuring.choose_rows(rows(options, found), options.rows)
    return measuring.run("generation", chosen, options, found.notes)


if __name__ == "__main__":
    sys.exit(main())
