"""Interprets the question."""
