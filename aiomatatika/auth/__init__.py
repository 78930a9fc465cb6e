"""Tokens: where they come from, how long they are good, and who fetches the next one."""
