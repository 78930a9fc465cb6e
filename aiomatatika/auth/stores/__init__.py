"""Stores: where the processes of a machine, or many machines, share a token instead of fetching one each."""
