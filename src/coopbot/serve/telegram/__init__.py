"""The Telegram bot. Only `bot` imports python-telegram-bot, which takes time: import it where the bot is run."""
