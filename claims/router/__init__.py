"""Group A: the linear router."""
