"""The Telegram bot. Its modules import python-telegram-bot, which takes time: import them where the bot is run."""
