"""Group E: trainings that differ in one thing, as transformers and as MLPs."""
