"""Group C: inputs and context."""
