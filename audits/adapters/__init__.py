"""How a model is called: a table of its predictions, ONNX, skops. Plain Python; nothing is imported from here.

Nothing of a model is opened in this process: what reads it is in ``guests`` and runs in the sandbox.
"""
