"""Builds and reads the index of articles."""
