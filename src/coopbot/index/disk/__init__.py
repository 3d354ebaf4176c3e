"""An index on this machine's disk."""
