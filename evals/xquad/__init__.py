"""XQuAD-R: parallel passages and questions in English, Chinese and Russian."""
