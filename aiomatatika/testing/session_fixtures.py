"""The part of the pytest plugin that needs pytest-asyncio: a session in an event loop of each scope.

`plugin.matatika_session` takes the one whose loop is the test's. pytest imports this file also where no test asks for a
session, so it imports nothing but pytest-asyncio, which is there already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

import pytest_asyncio

if TYPE_CHECKING:
    from aiomatatika.session import MatatikaSession
    from aiomatatika.testing.server import MatatikaServer


def _session_in(scope: Literal["function", "class", "module", "package", "session"]) -> Any:
    async def session(matatika_server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
        async with matatika_server.session() as session:
            yield session

    return pytest_asyncio.fixture(session, loop_scope=scope, name=f"_matatika_session_in_{scope}_loop")


in_function_loop: Any = _session_in("function")
in_class_loop: Any = _session_in("class")
in_module_loop: Any = _session_in("module")
in_package_loop: Any = _session_in("package")
in_session_loop: Any = _session_in("session")
