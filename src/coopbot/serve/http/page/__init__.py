"""The web page at `/`: static files that ask over /v1, and what is rendered here for browsers without JavaScript."""
