"""Settings from the environment. What is missing or malformed stops the start, with its name and what to write.

No message repeats a secret, or an address that may hold a password; nor does the error that led to it (``from None``).
"""
