"""The corpus folder: adding, reading and removing articles."""
