"""What is decided: pure functions over batches of events. No Kafka, no store, no clock, no randomness, no files."""
