"""What several topics of claims need: premises, pairs of tokens and sequences, answers to questions, wider intervals."""
