"""Web addresses in, what stands behind them out, without harm."""
