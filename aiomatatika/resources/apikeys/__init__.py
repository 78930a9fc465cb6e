"""API keys: client IDs and secrets with which programs stay authenticated ("API Keys" page of the API reference).

A key is made in two steps: POST hands out a template with a new id, PUT to that id creates the key, and its answer is
the only sight of the secret. How that answer is guarded: `creation`. Where the new key goes: `delivery`.
"""

from aiomatatika.resources.apikeys.group import ApiKeys
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey

__all__ = ["ApiKey", "ApiKeys", "NewApiKey"]
