"""Turns a source into a clean article."""
