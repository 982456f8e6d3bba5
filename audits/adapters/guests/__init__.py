"""What reads and calls a model, in the sandbox. Each file has ``serve(channel)``."""
