"""What several topics of claims need: premises, pairs of tokens and sequences, questions and answers, intervals."""
