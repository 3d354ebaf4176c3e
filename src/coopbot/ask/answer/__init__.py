"""Quotes, exactly cited."""
