from hypothesis import settings

# How long an example takes says something about the machine, and nothing about the product.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
