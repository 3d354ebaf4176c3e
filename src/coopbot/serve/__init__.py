"""The ways in: HTTP, Telegram."""
