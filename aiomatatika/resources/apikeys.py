"""API keys: client IDs and secrets with which programs stay authenticated ("API Keys" page of the API reference).

A key is made in two steps: POST hands out a template with a new id, PUT to that id creates the key and its answer is the
only sight of the secret. How that answer is guarded is in `secrets_once`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from aiomatatika.collection import Collection, check_count
from aiomatatika.credentials import ClientCredentials
from aiomatatika.hal import HalResource
from aiomatatika.secret import Secret

__all__ = ["ApiKey", "ApiKeys", "NewApiKey"]
