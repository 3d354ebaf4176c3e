"""How good answers are: questions asked, judged, and laid out as figures."""
