"""What the embedded server has to run: three pipelines of an online shop."""

from __future__ import annotations

from aiomatatika.testing import MatatikaServer, Run


def _log(extractor: str, streams: list[str]) -> list[str]:
    begins = [f"Running extract & load: {extractor} | target-warehouse"]
    for stream in streams:
        begins += [f"{extractor} | beginning full sync of '{stream}'"]
        begins += [f"{extractor} | '{stream}': {page * 1000:,} records" for page in range(1, 6)]
        begins += [f"target-warehouse | '{stream}' loaded"]
    return begins


def shop(server: MatatikaServer) -> None:
    """Store the pipelines. The first run of the third one loses its source at the second attempt, too."""
    runs = {
        "orders": Run(queued=1, seconds=14, log=_log("tap-shop", ["orders", "order_lines", "refunds"])),
        "customers": Run(queued=2, seconds=8, log=_log("tap-crm", ["people", "companies"])),
        "web-analytics": Run(
            queued=3,
            seconds=9,
            status="ERROR",
            attempts=2,
            log=[*_log("tap-analytics", ["sessions"]), "tap-analytics | 503: the source is not available"],
        ),
    }
    for name, run in runs.items():
        server.script_runs(server.tables["pipelines"].add(name=name), run)
