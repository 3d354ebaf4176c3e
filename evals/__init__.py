"""Questions that measure coopbot, and programs that learn from them, run from a clone: not in the installed package."""
