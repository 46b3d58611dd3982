"""The papers, figure by figure and claim by claim: what they show (``*.toml``) beside what was measured."""
