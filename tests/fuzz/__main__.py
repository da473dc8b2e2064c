"""`scripts/fuzz`: draw cases for every target by turns until the time is over, and show what broke the contract."""

import argparse
import collections
import os
import pathlib
import sys
import tempfile
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import hypothesis
from hypothesis import strategies as st

from tests.fuzz import contract
from tests.fuzz.targets import Targets

CASES = 40  # of one target before it is the next one's turn


def main():
    """Return 1 if anything was found, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="when to stop (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other cases (default 0)")
    parser.add_argument("--targets", nargs="+", choices=Targets.NAMES, default=Targets.NAMES, help="default: all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"The files of a case: {folder}", flush=True)
        tempfile.tempdir = folder  # where Keras puts large weights while it saves; a write elsewhere is a finding
        targets = Targets(pathlib.Path(folder), contract.Watch(folder))
        contract.limit_memory()
        counts, found = run(targets, options.targets, options.minutes, options.seed)
    print("cases: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    print(f"{sum(counts.values()):,} cases, {len(found)} findings")
    for (name, kind, place), report in found.items():
        print(f"\n--- {name}: {kind} at {place}\n{report}")
    return 1 if found else 0


def run(targets, names, minutes, seed):
    """Run the targets by turns.

    Returns:
        How many cases each had, and the findings: a report for each target, kind of error and place where it began.
    """
    counts, found, end, turn = collections.Counter(), {}, time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        for name in names:
            if time.monotonic() >= end:
                break
            try:
                _one_turn(getattr(targets, name), counts, name, (seed, turn))
            except Exception as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{pathlib.Path(frame.filename).name}:{frame.lineno}"
                report = "".join(traceback.format_exception(error, limit=-4))
                found.setdefault((name, type(error).__name__, place), report[:6000])
        turn += 1
    return counts, found


def _one_turn(target, counts, name, seed):
    @hypothesis.seed(hash(seed))
    @hypothesis.settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    @hypothesis.given(st.data())
    def cases(data):
        counts[name] += 1
        target(data)

    cases()


if __name__ == "__main__":
    sys.exit(main())
