"""Subspaces of states: principal directions, principal angles, effective rank."""
