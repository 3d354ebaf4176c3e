"""Rewrites quotes in sentences of a language model, and keeps only the sentences that the quotes support."""
