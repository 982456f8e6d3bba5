"""How unequally a model's benefit is spread over people, and how much of it over groups."""
