"""The forms of a report: drawn from its frozen document alone. Nothing here asks the database."""
