"""The sections of a report and of a claim's page, as data that the templates show."""
