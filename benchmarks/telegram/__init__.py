"""Speed and reliability of the Telegram bot, and the pictures of its documentation."""
