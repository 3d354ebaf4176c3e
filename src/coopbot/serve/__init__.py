"""The interfaces: HTTP, MCP and Telegram."""
