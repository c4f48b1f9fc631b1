"""A PostgreSQL of Debian's, started in a folder of its own and reached by a socket there."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
FOLDERS = os.pathsep.join([*map(str, reversed(DEBIAN)), os.environ.get("PATH", "")])
INITDB, SERVER = (shutil.which(name, path=FOLDERS) for name in ("initdb", "postgres"))
PASSWORD = "p@ss/word"


def owner() -> str:
    """Name whom the server runs as: it refuses to be root's."""
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name
    return next(name for name in ("postgres", "nobody") if any(each.pw_name == name for each in pwd.getpwall()))


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start a server, and yield the URL of its database, whose user needs a password."""
    assert INITDB
    assert SERVER
    user = owner()
    with tempfile.TemporaryDirectory(prefix="titlewise-") as folder:
        root = Path(folder)
        shutil.chown(root, user)
        (root / "password").write_text(PASSWORD)
        (root / "password").chmod(0o644)
        become = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if not os.getuid() else {}
        made = ["-D", f"{root}/data", "-U", "shop", "-A", "scram-sha-256", f"--pwfile={root}/password", "-E", "UTF8"]
        subprocess.run([INITDB, *made, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=root, **become)
        options = [f"--unix_socket_directories={root}", "--listen_addresses=", "--fsync=off"]
        process = subprocess.Popen(
            [SERVER, "-D", f"{root}/data", *options], stderr=subprocess.DEVNULL, cwd=root, **become
        )
        try:
            url = f"postgresql://shop:{PASSWORD.replace('@', '%40').replace('/', '%2F')}@/postgres?host={root}"
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server takes connections."""
    for _ in range(300):
        assert process.poll() is None, "the server did not start"
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return
        time.sleep(0.1)
    raise AssertionError("the server takes no connections")
