"""A question in, an Answer out."""
