"""The models: prepared once per machine, then run."""
