"""Articles in, a Snapshot out."""
