"""What reads and calls a model, in the sandbox. Each file has ``serve(channel)``; ``serving`` is their common frame."""
