"""Functional suites: many small tests of what a text model should be able to do, judged one by one and never as a mean.

After CheckList (Ribeiro et al. 2020, doi:10.18653/v1/2020.acl-main.442) and HateCheck (Röttger et al. 2021,
doi:10.18653/v1/2021.acl-long.4). Imports nothing: ``plan``, ``reasons`` and ``making`` need no numpy.
"""
