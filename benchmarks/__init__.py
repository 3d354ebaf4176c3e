"""coopbot and others of its kind, measured in one run; `python -m benchmarks.run`."""
