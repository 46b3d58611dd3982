"""Group B: load balancing and the shared direction."""
