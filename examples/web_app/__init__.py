"""A web app that manages API keys: one session for the life of the app, and no secret lost or shown twice.

It needs ``fastapi``, ``uvicorn``, ``jinja2`` and ``python-multipart``. From the root of the project:

    python -m examples.web_app

What to copy:

- `app.create_app`: the session is opened when the app starts, shared by all requests, and closed when it stops;
- `one_time_secrets`: ``save=`` and a task of the app keep the secret of a client that goes away;
- `answers`: a status, a sentence and advice for every error of the library;
- `health`: a health check that many probes share.
"""

from __future__ import annotations

from importlib.util import find_spec

if absent := [name for name in ("fastapi", "jinja2", "python_multipart", "uvicorn") if find_spec(name) is None]:
    raise ModuleNotFoundError(f"the web app needs {', '.join(absent)}: pip install -e '.[examples]'")
