"""`demo_session`: the real API where the environment names one, else a server of its own."""

from __future__ import annotations

import pytest

from aiomatatika import ConfigurationError, Timeouts
from aiomatatika.testing import MatatikaServer, demo_session


async def test_without_variables_it_has_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATATIKA_CLIENT_ID", "")  # empty counts as missing

    def fill(server: MatatikaServer) -> None:
        server.tables["pipelines"].add(name="nightly")

    async with demo_session(api_keys=3, fill=fill, timeouts=Timeouts(total=5)) as session:
        assert session.deployment.api_url.startswith("http://127.0.0.1:")
        assert await session.apikeys.list().count() == 4
        workspace = await session.workspaces.list().first()
        assert workspace is not None
        assert [each.name async for each in session.pipelines.list(workspace)] == ["nightly"]


async def test_the_variables_of_a_server_lead_to_it(
    matatika_server: MatatikaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in matatika_server.environ().items():
        monkeypatch.setenv(name, value)
    async with demo_session() as session:
        assert session.deployment == matatika_server.deployment
        assert await session.apikeys.list().count() == 1


@pytest.mark.parametrize("variable", ["MATATIKA_CLIENT_ID", "MATATIKA_API_URL"])
async def test_half_an_environment_is_an_error(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "https://app.matatika.com/api")
    with pytest.raises(ConfigurationError, match="MATATIKA_CLIENT_SECRET"):
        async with demo_session():
            pass
