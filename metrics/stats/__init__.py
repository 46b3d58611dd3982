"""Estimates with intervals: bootstrap, few units, jackknife, rank correlation, Holm."""
