"""New York City Local Law 144: the figures of a bias audit of an automated employment decision tool.

6 RCNY 5-300 to 5-304 (Department of Consumer and Worker Protection, notice of adoption of April 2023, enforced from
5 July 2023). Imports nothing: ``plan``, ``reasons`` and ``summary`` may be used by a web process.
"""
