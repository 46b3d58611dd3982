"""The claims as pytest runs them: catalogue, expectations, provenance, plugin."""
