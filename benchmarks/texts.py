"""Bits per character after some minutes on texts of your own: `tinylm train FILE --minutes N` and what else there is.

Each text is cut: the first nine tenths of its characters train, the last tenth is evaluated, each character from at
least half a context. Arms, by turns, each in a fresh process: ours as `tinylm train` does it without another option
(the mixture), the network and the counts in it alone, and nanoGPT's configuration for small computers for as long.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

from benchmarks import measuring, peers

ARMS = ("ours", "network alone", "counts alone", "nanoGPT")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks texts", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="folder whose *.txt files are tried")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0], help="how long to train (default: 1 3)")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each arm, with other seeds (default: 1)")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed of the first run (default: 0)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/benchmarks/texts.json"))
    peers.add_options(parser)
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.txt")) if options.folder.is_dir() else []
    if not files:
        parser.error(f"folder must be a folder with *.txt files. Received: {options.folder}.")
    found, rows = peers.find(options, parser), []
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    with tempfile.TemporaryDirectory() as scratch:
        for file in files:
            parts = cut(file, pathlib.Path(scratch))
            for minutes in options.minutes:
                rows.append(measure(file.stem, parts, minutes, seeds, found))
                print(line(rows[-1]), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"rows": rows, "notes": found.notes}, indent=2, ensure_ascii=False) + "\n")
    print(f"Written: {options.out}")


def cut(file, folder):
    """Write the first nine tenths and the last tenth of a text into a folder; return their paths."""
    text = file.read_text(encoding="utf-8")
    place = len(text) * 9 // 10
    parts = {"train": folder / f"{file.stem}_train.txt", "test": folder / f"{file.stem}_test.txt"}
    parts["train"].write_text(text[:place], encoding="utf-8")
    parts["test"].write_text(text[place:], encoding="utf-8")
    return {name: str(path) for name, path in parts.items()}


def measure(name, parts, minutes, seeds, found):
    """Return the row of one text and one length: for each arm its bits per character, seconds and a sample."""
    row = {"text": name, "minutes": minutes, "arms": {}}
    for seed in seeds:
        task = {**parts, "minutes": minutes, "seed": seed}
        ours = measuring.Arm("ours", measuring.task("benchmarks.arms.texts", "texts", **task))
        for arm in [ours, *found.nano_gpt_arms([("nanoGPT", "texts", task)])]:
            try:
                result = arm.run()
            except measuring.ArmFailed as failed:
                print(f"  {arm.name}: {failed}", file=sys.stderr)
                continue
            for part in ARMS:
                if part in result:
                    row["arms"].setdefault(part, []).append(result[part])
    return row


def line(row):
    """A row as one line: the medians."""
    figures = (
        f"{name} {statistics.median(run['bits_per_character'] for run in runs):.3f} ({runs[0]['seconds']:.0f} s)"
        for name, runs in row["arms"].items()
    )
    return f"{row['text']}, {row['minutes']:g} min: " + ", ".join(figures)


if __name__ == "__main__":
    sys.exit(main())
