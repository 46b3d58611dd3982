"""The mathematics behind the claims, on generated cases."""
