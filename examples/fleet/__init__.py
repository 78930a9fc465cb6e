"""Run every pipeline of many workspaces on a Dask cluster: ``python -m examples.fleet``.

`coordinator` hands out the work and `worker` does it, both with Dask; `run_once` starts each run once, and knows
nothing of Dask. What the two pass each other is in `orders`, the display in `display`, the embedded server in `demo`.
"""
