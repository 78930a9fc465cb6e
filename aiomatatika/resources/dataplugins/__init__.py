"""Dataplugins: definitions of connectors ("Dataplugins" page of the API reference).

`models` says what they are, `group` how they are called.
"""
