"""The worker's watch over the sensors: from envelopes in the log to alarms and checkpoints."""
