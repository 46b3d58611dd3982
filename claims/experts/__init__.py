"""Group E: experts of one checkpoint, as functions and as subspaces."""
