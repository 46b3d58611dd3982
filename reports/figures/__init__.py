"""Figures, drawn from records: which a claim has, how each kind is drawn, one style for all."""
