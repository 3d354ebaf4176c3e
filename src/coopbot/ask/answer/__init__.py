"""Builds answers from exactly cited quotes."""
