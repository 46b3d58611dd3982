"""Group D: models, prompts and rollouts."""
