"""Takes a question, returns an Answer."""
