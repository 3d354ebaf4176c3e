"""Finds the article on a web page by shape and position, and reads its metadata."""
