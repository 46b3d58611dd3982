"""A paper of six figures and one statement, to test with."""

SMALL = """\
label = "TST"
title = "A small paper"
authors = "Nobody"
source = "nowhere"
note = "Made up."
figures = 6

[models]
"tiny" = 0.1
"wide" = 2

[[figure]]
numbers = [1]
title = "First"
paper = "A line rises."
read = "It rises fast."
models = ["tiny"]
data = "ten words"
scale = "Width matters."

[[figure]]
numbers = [2, 4, 5, 6]
title = "Second"
paper = "Bars."
models = ["tiny", "wide"]

[[figure]]
numbers = [3]
title = "Third"
reconstructed = "Nothing."
unclaimed = "it has no content"

[[statement]]
name = "Prop. 1"
title = "All is well"
paper = "It is."
claims = ["b"]

[[reading]]
claim = "b"
side = "review"
says = "the objection"
"""
