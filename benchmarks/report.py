"""What is made of the measurements: medians, ratios, a table, a JSON file."""

import datetime
import json
import pathlib
import shlex
import statistics
import sys

# Cores' worth of time that other processes may take meanwhile; a peer whose threads wait for each other in a loop
# becomes ten times slower when they take one of two.
DISTURBED = 0.15


def summarize(row, results, failures, limits=None):
    """Return what the JSON file holds of a row."""
    least = row.least(limits) if row.least and limits else None
    arms, ours = [], None
    for arm in row.arms:
        kept = [] if arm.name in failures else results[arm.name]
        if not kept:
            continue
        seconds = [result["seconds"] for result in kept]
        median = statistics.median(seconds)
        if row.compare and arm is row.arms[0]:
            ours = median
        figures = [row.figure(one) for one in seconds]
        arms.append(
            {
                "name": arm.name,
                "median": row.figure(median),
                "min": min(figures),
                "max": max(figures),
                "seconds": seconds,
                "cpu_seconds": statistics.median(result["cpu_seconds"] for result in kept),
                "share_of_limit": least / median if least else None,
                "ours_is_times_as_fast": median / ours if ours and arm is not row.arms[0] else None,
                "other_processes": max(result.get("other_processes", 0.0) for result in kept),
                "results": kept,
            }
        )
    return {"key": row.key, "title": row.title, "unit": row.unit, "arms": arms, "left_out": failures}


def table(summary):
    """Return the lines of the table of one row."""
    head = [summary["unit"], "median", "min", "max", "wall s", "CPU s", "of limit", "ours is"]
    rows = [head]
    for arm in summary["arms"]:
        share, times = arm["share_of_limit"], arm["ours_is_times_as_fast"]
        figures = [number(arm[name]) for name in ("median", "min", "max")]
        times = "" if times is None else f"{times:.2f} x"
        share = "" if share is None else f"{share:.0%}"
        wall, cpu = number(statistics.median(arm["seconds"])), number(arm["cpu_seconds"])
        rows.append([arm["name"], *figures, wall, cpu, share, times])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [summary["title"]]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        lines.append("  " + "  ".join([first.ljust(widths[0]), *cells]).rstrip())
    lines += [f"  {name}: not measured. {why}" for name, why in summary["left_out"].items()]
    most = max((arm["other_processes"] for arm in summary["arms"]), default=0.0)
    if most > DISTURBED:
        lines.append(f"  Do not trust this: other processes took up to {most:.1f} of a core's time meanwhile.")
    return lines


def number(value):
    """A figure with about four digits."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def write(job, out, record):
    """Write the JSON file of a job, with the command and the date; return its path."""
    out = out or pathlib.Path("runs", "benchmarks", f"{job}.json")
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    record = {"job": job, "date": date, "command": shlex.join(sys.argv), **record}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return out
