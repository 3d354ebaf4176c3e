"""Reads files of every format into drafts, in a separate process."""
