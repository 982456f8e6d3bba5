"""What runs inside: puts up the walls, then hands over to the program. The standard library alone."""
