"""The index in Milvus, for corpora too large for one machine."""
