"""Speed and memory on one machine."""
