"""Quotes in, sentences of a language model out, of which only those leave that the quotes support."""
