"""Whole documents: the report, the page to browse, a comparison, a history."""
