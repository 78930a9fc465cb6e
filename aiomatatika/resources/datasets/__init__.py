"""Datasets: published views of data, with an optional chart ("Datasets" page of the API reference).

Channels, alerts and comments name datasets, and the calls on datasets name channels: so `models` stands below them all,
and `group` above. `arrow` makes a table of the data.
"""
