"""Has a language model rewrite quotes, and keeps only those of its sentences that the quotes support."""
