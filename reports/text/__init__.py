"""Words, numbers, names, links, Markdown and templates: what every document uses."""
