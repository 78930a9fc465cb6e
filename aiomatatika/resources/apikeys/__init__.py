"""API keys: client IDs and secrets with which programs stay authenticated ("API Keys" page of the API reference).

A key is made in two steps: POST hands out a draft with a new id, PUT to that id creates the key, and its response is
the only sight of the secret. `creation` decides what follows each outcome, `creator` carries it out, `grace` lets no
cancellation cut it short, `delivery` hands the key to the caller's sink, `salvage` reads a damaged response.
"""

from aiomatatika.resources.apikeys.group import ApiKeys
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey

__all__ = ["ApiKey", "ApiKeys", "NewApiKey"]
