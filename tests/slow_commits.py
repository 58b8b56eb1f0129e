"""Between the coordinator of a Citus cluster and a worker: a relay that holds commits up."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

COMMIT = b"COMMIT PREPARED"
"""How the coordinator ends the worker's part of a transaction that it has ended itself."""


@dataclass
class Relay:
    """Passes bytes on to the port `target`, and the commits of `user` late.

    They wait for up to `longest_delay` seconds; while `holds`, they wait until they are let go.
    """

    target: int
    user: bytes
    longest_delay: float = 0.0
    holds: bool = False
    is_holding: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    chance: random.Random = field(default_factory=lambda: random.Random(1000))

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what comes from one side, until either is closed."""
        with source, sink:
            try:
                greeting = source.recv(65536)
                sink.sendall(greeting)
                while data := source.recv(65536):
                    if COMMIT in data and self.user in greeting:
                        if self.holds:
                            self.is_holding = True
                            self.let_go.wait()
                        time.sleep(self.chance.random() * self.longest_delay)
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass


@contextmanager
def relay(target: int, user: bytes) -> Iterator[tuple[Relay, int]]:
    """Run a relay to a port of this machine; yield it and its own port."""
    made = Relay(target, user)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        try:
            yield made, listener.getsockname()[1]
        finally:
            made.let_go.set()
            listener.shutdown(socket.SHUT_RDWR)
