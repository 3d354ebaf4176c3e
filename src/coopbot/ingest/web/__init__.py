"""Fetches web addresses and feeds safely."""
