"""How well and how fast coopbot works, measured."""
