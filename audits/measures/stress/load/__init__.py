"""How long answers take when questions come as they come, and not when the model is ready for them."""
