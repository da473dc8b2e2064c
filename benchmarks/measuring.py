"""How every job measures: arms in fresh processes, by turns, and medians.

On a shared or virtual machine a process sometimes gets less than its share for its whole life, so one process tells
little: the arms alternate, each in several processes, and CPU seconds stand beside wall seconds. Imports only the
standard library, because the arms of a peer run in an environment of their own and import this file too.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from benchmarks import report

ROOT = pathlib.Path(__file__).resolve().parents[1]


class ArmFailed(Exception):
    """An arm that could not be measured; the message is one line."""


@dataclasses.dataclass(frozen=True)
class Arm:
    """One of the programs that are compared: a command that measures itself and prints a JSON object as its last line.

    The object holds `seconds` (wall, per call) and `cpu_seconds`, and whatever else should be kept; or `skipped` with
    a reason.
    """

    name: str
    command: tuple
    environment: dict = dataclasses.field(default_factory=dict)

    def run(self):
        """Run the command in a fresh process and return its object.

        Raises:
            ArmFailed: with the last line of its errors, or why it skipped.
        """
        output, _ = self._output()
        result = json.loads(output.splitlines()[-1])
        if "skipped" in result:
            raise ArmFailed(result["skipped"])
        return result

    def _output(self):
        """What the command prints, and the wall and CPU seconds of its whole process."""
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, **self.environment}
        began, began_cpu = time.perf_counter(), _children_seconds()
        ended = subprocess.run(self.command, capture_output=True, text=True, cwd=ROOT, env=environment)
        times = {"seconds": time.perf_counter() - began, "cpu_seconds": _children_seconds() - began_cpu}
        if ended.returncode:
            raise ArmFailed((ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1])
        return ended.stdout, times


class WholeProcess(Arm):
    """An arm whose whole process is timed from outside, its imports included."""

    def run(self):
        return self._output()[1]


def _children_seconds():
    """CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _machine_seconds():
    """CPU seconds that all processes of the machine have used, or None where the system does not say (not Linux)."""
    try:
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, file.readline().split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of comparison: the same work by several arms. The first arm is ours.

    Attributes:
        key: str. Its name in `--rows`.
        title: str. What is done in a call.
        arms: list of `Arm`.
        work: float or None. Units of work in a call: the figure is work per second. None: the figure is seconds.
        unit: str. What the figure counts.
        least: function from the machine's limits to the seconds that a call must take; None where no limit is known.
        more: function from the row's summary to lines below its table; None for none.
        compare: bool. Whether the arms do the same, so that a ratio means something.
    """

    key: str
    title: str
    arms: list
    work: float | None = None
    unit: str = "s"
    least: object = None
    more: object = None
    compare: bool = True

    def figure(self, seconds):
        return self.work / seconds if self.work else seconds


def task(module, measure, python=sys.executable, **arguments):
    """The command that runs one function of an arm's module, as `serve` understands it."""
    return (str(python), "-m", module, json.dumps({"measure": measure, **arguments}))


def serve(*measures):
    """In the fresh process: run the function that the command names and print what it returns."""
    arguments = json.loads(sys.argv[1])
    chosen = {measure.__name__: measure for measure in measures}[arguments.pop("measure")]
    print(json.dumps(chosen(**arguments)))


def repeat(call, budget, warm_up=None):
    """Call once untimed (it compiles), then until `budget` seconds have passed; return what an arm prints."""
    began = time.perf_counter()
    (warm_up or call)()
    first = time.perf_counter() - began
    wall, began_cpu = [], time.process_time()
    while not wall or sum(wall) < budget:
        began = time.perf_counter()
        call()
        wall.append(time.perf_counter() - began)
    cpu = (time.process_time() - began_cpu) / len(wall)
    return {"seconds": statistics.median(wall), "cpu_seconds": cpu, "calls": len(wall), "first_call_seconds": first}


def take_turns(row, processes):
    """Run every arm of a row `processes` times, by turns.

    Returns:
        dict of arm name to its list of results, and dict of arm name to why it has none.
    """
    results, failures = {arm.name: [] for arm in row.arms}, {}
    for turn in range(processes):
        for arm in row.arms:
            attempt(arm, results, failures, turn, processes)
    return results, failures


def attempt(arm, results, failures, turn, processes):
    """Run an arm once and keep what it says; an arm that failed once is not run again.

    Where other processes took much time meanwhile, it is run a second time, and the quieter of the two is kept.
    """
    if arm.name in failures:
        return
    tries = []
    while len(tries) < 2 and (not tries or tries[-1]["other_processes"] > report.DISTURBED):
        _say(f"{arm.name}: process {turn + 1} of {processes}{', again: it was disturbed' if tries else ''}")
        try:
            tries.append(_watched(arm))
        except ArmFailed as error:
            failures[arm.name] = str(error)
            return
    results[arm.name].append(min(tries, key=lambda result: result["other_processes"]))


def _watched(arm):
    """Run an arm and add how many cores' worth of time other processes took meanwhile."""
    began, before, own = time.perf_counter(), _machine_seconds(), _children_seconds()
    result = arm.run()
    others = 0.0 if before is None else _machine_seconds() - before - (_children_seconds() - own)
    return {**result, "other_processes": max(0.0, others / (time.perf_counter() - began))}


def _say(line):
    sys.stderr.write(line + "\n")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def parser(description):
    """The options that every job has."""
    options = Parser(description=description.split("\n")[0])
    options.add_argument("--processes", type=_whole, default=5, help="fresh processes for each arm (default 5)")
    options.add_argument("--budget", type=float, default=2.0, help="seconds of timed calls in a process (default 2)")
    options.add_argument("--out", type=pathlib.Path, help="JSON file (default runs/benchmarks/JOB.json)")
    options.add_argument("--no-limits", action="store_true", help="do not measure what the machine can do at most")
    return options


def _whole(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Received: {text}.")
    return value


def choose_rows(rows, keys):
    """The rows that were asked for; all without keys."""
    return [row for row in rows if not keys or row.key in keys]


def run(job, rows, arguments, notes=(), measure=take_turns):
    """Measure rows, print their tables and write the JSON file; return the exit code: 1 when one of ours failed."""
    from benchmarks import machine

    facts = machine.facts()
    limits = None if arguments.no_limits else machine.measured_limits()
    print("\n".join(machine.lines(facts, limits)))
    summaries = []
    record = {"machine": facts, "limits": limits, "rows": summaries, "notes": list(notes)}
    for row in rows:
        summaries.append(report.summarize(row, *measure(row, arguments.processes), limits))
        below = row.more(summaries[-1]) if row.more else []
        print("\n" + "\n".join(report.table(summaries[-1]) + below), flush=True)
        report.write(job, arguments.out, record)  # after every row, so that a run that is stopped keeps what it has
    print("".join(f"\n{note}" for note in notes))
    print(f"Written: {report.write(job, arguments.out, record)}")
    return int(any(row.arms[0].name in summary["left_out"] for row, summary in zip(rows, summaries, strict=True)))
