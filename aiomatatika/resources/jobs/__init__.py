"""Jobs: runs of pipelines, and other tasks of a workspace ("Jobs" page of the API reference).

`models` says what a job is, `group` how it is called, and `run_start` how a run is started once, whatever becomes of
the response.
"""
