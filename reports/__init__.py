"""How it is shown: records in, Markdown, figures and comparisons out. Nothing here decides anything."""
