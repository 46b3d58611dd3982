"""Whole documents: the Markdown report, the HTML page, a comparison, a history, the README's part."""
