"""The reports as pytest runs them: gathering records, what was selected, the terminal."""
