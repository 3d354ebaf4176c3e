"""A source in, a clean Article out."""
