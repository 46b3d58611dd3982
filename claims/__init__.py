"""What the papers say: one file a topic, one function a claim."""
