"""Benchmarks, run from a clone of the repository: the installed package has none of them."""
