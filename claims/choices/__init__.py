"""Group F: what others say of routing, from the experts that tokens used alone."""
