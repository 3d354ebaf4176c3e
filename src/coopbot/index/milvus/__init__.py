"""The index in Milvus, for corpora past one machine: client, schema, rows, store (reading) and target (writing)."""
