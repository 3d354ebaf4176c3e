"""coopbot: cited answers about Sino-Russian regional cooperation, in English, Chinese and Russian."""
