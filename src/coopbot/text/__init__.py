"""Language, sentences and tokens of en, zh and ru: pure functions on strings."""
