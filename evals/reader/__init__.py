"""Trains the model that reads a question and a passage together."""
