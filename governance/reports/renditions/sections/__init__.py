"""The sections of a report as HTML, one after the other, an item at a time."""
