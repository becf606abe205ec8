"""The launcher: what it starts gets ready, comes back, stops, and is cleaned up after a kill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from deploy.home import Home, answers, find_running, running
from deploy.launcher import System
from deploy.leftovers import PROCESSES
from deploy.problem import Problem
from deploy.servers import Servers
from tests.conftest import RunningServers, StartSystem

_TEREZE = (sys.executable, "-m", "deploy.cli.main")


def _tereze(*args: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*_TEREZE, *args, "--home", str(home)), check=False, capture_output=True, text=True, timeout=200
    )


def _of(home: Path, module: str) -> list[psutil.Process]:
    """Running processes of one module over one data folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if module in process.cmdline() and process.environ().get("TEREZE_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - other processes' states make no event
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def small(start_system: StartSystem) -> AsyncIterator[System]:
    """A system of one service and the relay."""
    system = await start_system(("intake", "relay"))
    yield system
    await system.stop()


async def test_every_part_is_ready_and_found_by_its_folder(small: System) -> None:
    state = running(small.home.path)
    assert {part.name for part in state.parts()} == {"postgres", "nats", "intake", "relay"}
    assert all(part.ready for part in state.parts())
    assert small.home.state.stat().st_mode & 0o077 == 0
    assert state.clock_file == str(small.home.clock)


@pytest.mark.parametrize("name", ["intake", "nats", "postgres"])
async def test_a_part_that_dies_comes_back(small: System, name: str) -> None:
    first = small.pid_of(name)
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        part = next(part for part in running(small.home.path).parts() if part.name == name)
        return part.ready and part.pid not in (None, first)

    await _until(is_back)


@pytest.mark.parametrize("name", ["relay", "nats", "postgres"])
async def test_a_killed_part_stays_down_until_it_is_restarted(small: System, name: str) -> None:
    await small.kill(name)
    assert small.pid_of(name) is None
    status = await asyncio.to_thread(_tereze, "status", home=small.home.path)
    assert status.returncode == 1
    assert f"Not ready: {name}" in status.stderr
    assert "tereze down, tereze up" in status.stderr
    await small.restart(name)
    await _until(lambda: all(part.ready for part in running(small.home.path).parts()))


async def test_a_second_launcher_on_the_same_folder_is_refused(small: System) -> None:
    with pytest.raises(Problem, match="Another launcher uses"):
        await System(small.home.path).start(())
    assert all(part.ready for part in running(small.home.path).parts())


async def test_what_a_killed_launcher_left_is_replaced(new_folder: Callable[[], Path]) -> None:
    home = new_folder().resolve()
    script = (
        "import asyncio, sys; from deploy.launcher import System\n"
        "async def main():\n"
        "    await System(sys.argv[1]).start(('relay',)); print('up', flush=True); await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    launcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(home)), stdout=asyncio.subprocess.PIPE
    )
    assert launcher.stdout is not None
    assert await launcher.stdout.readline() == b"up\n"
    launcher.kill()
    await launcher.wait()
    (orphan,) = _of(home, PROCESSES["relay"])
    assert find_running(home) is None
    status = await asyncio.to_thread(_tereze, "status", home=home)
    assert status.returncode == 1
    assert "was killed; what it started may still run" in status.stderr
    assert "tereze down" in status.stderr

    system = System(home)
    await system.start(("relay",))
    (fresh,) = _of(home, PROCESSES["relay"])
    assert fresh.pid == system.pid_of("relay") != orphan.pid
    await system.stop()
    assert _of(home, PROCESSES["relay"]) == []
    assert find_running(home) is None


async def test_servers_of_ones_own_are_used_and_left_alone(
    servers: RunningServers, new_folder: Callable[[], Path]
) -> None:
    """With TEREZE_NATS_URL and TEREZE_DATABASE_URL; the bus users' passwords stand in the folder's credentials."""
    home = Home.at(new_folder())
    (home.path / "credentials.json").write_text((servers.home / "credentials.json").read_text())
    nobody = servers.nats_url().partition("@")[2]
    own = System(home.path, servers=Servers(home, nats_url=f"nats://{nobody}", database_url=servers.superuser_dsn()))
    await own.start(("intake",))
    parts = running(home.path).parts()
    await own.stop()
    assert [(part.name, part.ready) for part in parts] == [("postgres", True), ("nats", True), ("intake", True)]
    assert not home.postgres.exists()
    assert answers(servers.dsn())
    assert answers(servers.nats_url())


async def test_a_process_that_can_not_start_is_named_and_nothing_stays(
    new_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROCESSES, "insight", "services.no_such_service")
    system = System(new_folder())
    with pytest.raises(Problem, match="insight dies as soon as it is started"):
        await system.start(("insight",))
    assert find_running(system.home.path) is None
    assert system.servers.nats is not None
    assert system.servers.nats.pid is None


def test_commands_without_a_system_say_how_to_start_one(tmp_path: Path) -> None:
    status = _tereze("status", home=tmp_path)
    assert status.returncode == 1
    assert f"No running Tereze in {tmp_path.resolve()}. Start it with: make run" in status.stderr
    as_json = _tereze("status", "--json", home=tmp_path)
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["running"] is False
    assert _tereze("down", home=tmp_path).returncode == 0


@pytest.mark.parametrize("content", ["{garbage", '{"pids": 1}'])
def test_a_damaged_state_file_is_named(tmp_path: Path, content: str) -> None:
    state = tmp_path / "run" / "state.json"
    state.parent.mkdir()
    state.write_text(content)
    status = _tereze("status", home=tmp_path)
    assert status.returncode == 1
    assert f"{state.resolve()} is damaged. Delete it" in status.stderr.replace("\n", " ")


def test_up_detached_status_and_down(new_folder: Callable[[], Path]) -> None:
    home = new_folder()
    up = _tereze("up", "--detach", home=home)
    try:
        assert up.returncode == 0, up.stderr
        status = _tereze("status", "--json", home=home)
        assert status.returncode == 0
        told = json.loads(status.stdout)
        assert told["ready"] is True
        assert {part["name"] for part in told["parts"]} == {"postgres", "nats", *PROCESSES}
        assert _tereze("up", "--detach", home=home).returncode == 1
    finally:
        down = _tereze("down", home=home)
    assert down.returncode == 0
    assert find_running(home) is None
    assert not any(_of(Home.at(home).path, module) for module in PROCESSES.values())
