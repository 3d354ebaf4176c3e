"""The corpus folder: what is admitted to it, and what stands in it."""
