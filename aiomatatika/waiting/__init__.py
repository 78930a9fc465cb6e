"""Waiting for what the server goes on with after its response: it is asked again and again, through outages.

`polling` says when to ask and `log_lines` what the lines of a log are, both without I/O; `questions` asks, `changes`
and `followed_log` are what a caller iterates over.
"""
