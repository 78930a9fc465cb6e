"""What a process keeps of the memory that it has freed: counted in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Reads as asyncio does: into a block of 256 KiB, which is cut down to what has come.
_PROGRAM = """
import resource, socket

def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        there.send(b"x")
        here.recv(262_144)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

here, there = socket.socketpair()
before = page_faults()
{statement}
print(before, page_faults())
"""
_STATEMENTS = (
    "from aiomatatika.transport.freed_memory import keep_freed_memory; keep_freed_memory()",
    "from aiomatatika import BearerToken, MatatikaSession; MatatikaSession(BearerToken('token'))",
)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
@pytest.mark.parametrize("statement", _STATEMENTS, ids=("function", "session"))
def test_the_blocks_that_responses_are_read_into_are_used_again(statement: str) -> None:
    command = [sys.executable, "-I", "-c", _PROGRAM.format(statement=statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    before, after = map(int, done.stdout.split())
    assert before >= 100
    assert after < 10
