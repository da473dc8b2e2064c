"""Measurements against others, each in fresh processes: `python -m benchmarks --help`."""
