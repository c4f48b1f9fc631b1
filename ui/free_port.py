"""Look at a port before anything heavy is opened for it.

check_port("127.0.0.1", 8501, "titlewise ui")
"""

import socket

from index.errors import UserError


def check_port(address: str, port: int, command: str) -> None:
    """Raise `UserError` where a server cannot listen at an address and port."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, OverflowError) as exc:
        raise UserError(
            f"port {port} of {address} cannot be used ({exc})",
            "a free port of this machine",
            f"{command} --port {port + 1 if 0 < port < 65535 else 8501}",
        ) from exc
