"""Running a program that nobody here has reason to trust. Plain Python, Linux only; nothing is imported from here.

``levels`` says how well this machine can isolate, ``cell`` runs a program so isolated, ``inside`` is what runs with it.
"""
