"""Which sentences may answer, best first."""
