"""Benchmarks and the scenes they run on: `python -m bench NAME [--short]`."""
