"""Relations that answers about rows of a table should keep when the rows change (metamorphic tests)."""
