"""The article on a web page: found by shape and position, and what the page says of it."""
