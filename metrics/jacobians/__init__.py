"""Experts as functions: their Jacobians, activations, alignments and spectra."""
