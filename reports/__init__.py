"""How it is shown: records in, Markdown, HTML, figures and comparisons out; the wording is in ``templates/``."""
