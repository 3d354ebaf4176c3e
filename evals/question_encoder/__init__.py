"""Trains the network that embeds questions."""
