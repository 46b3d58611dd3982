"""The papers, figure by figure and claim by claim."""
