"""The sections of a report, each read from the rooms in sets: some queries for every few hundred items."""
