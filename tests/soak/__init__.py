"""Tests that take minutes: `python -m pytest tests/soak -m soak`."""
