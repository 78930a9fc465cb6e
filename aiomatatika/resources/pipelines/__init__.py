"""Pipelines: what a workspace runs, and when ("Pipelines" page of the API reference).

`models` says what a pipeline is, and `group` how it is called: its calls return jobs, and those of jobs take pipelines.
"""
