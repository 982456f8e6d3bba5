"""The file scan: what the files of a model would make a loader do, read from their bytes and never by loading them.

Plain Python and the standard library. ``scanning`` walks, ``formats`` says what bytes are, the engines in ``pickles``,
``containers``, ``weights`` and ``texts`` read them, ``documents`` sums up.
"""
