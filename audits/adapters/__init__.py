"""How a model is called: a table of its predictions, ONNX, skops, transformers, a function of Python, a service.

Plain Python; nothing is imported from here. Nothing of a model is opened in this process: what reads it is in
``guests`` and runs in the sandbox. A service is asked from here (``endpoints``), since the sandbox has no network.
"""
