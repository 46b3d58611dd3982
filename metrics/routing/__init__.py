"""What a linear router does: the routing rule, near-ties, bounds, certified radius, null space, low rank."""
