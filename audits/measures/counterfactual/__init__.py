"""Counterfactual texts: the same text about somebody else, and a control with an edit that changes nobody.

After Garg et al. 2019, doi:10.1145/3306618.3317950 (counterfactual token fairness); the control swap is what separates
the effect of an identity from that of any edit at the same place. Imports nothing: ``plan``, ``reasons`` and what makes
texts need no numpy.
"""
