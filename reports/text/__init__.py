"""Words, numbers, links and Markdown."""
