"""What hostile clients cost a server."""
