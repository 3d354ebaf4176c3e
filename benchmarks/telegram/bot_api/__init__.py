"""A Bot API server on loopback to measure and test the bot with. It refuses whatever Telegram refuses."""
