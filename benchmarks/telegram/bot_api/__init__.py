"""A Bot API server on loopback, to measure and test the bot with: at least as strict about what a bot sends as Telegram is."""
