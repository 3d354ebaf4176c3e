"""The models: made ready to run once a machine, then run."""
