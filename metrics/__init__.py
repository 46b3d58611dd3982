"""What is computed: pure functions on arrays, without pytest, transformers or input and output.

Shape alphabet of every docstring below: N tokens, T tokens of one sequence, S sequences, D hidden
width, E experts, k experts chosen a token, L MoE layers, M sampled tokens, P token pairs.
"""
