"""An HTTP server for tests that writes down what it gets and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """status, headers, body: of the next answers. got: (path, headers, body) of requests."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving(authority=None):
    """A `Receiver` on the loopback interface; with TLS if an authority (trustme) vouches for it."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, dict(self.headers), body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.body)

        def do_GET(self):
            """Where a redirect would lead to."""
            receiver.got.append((self.path, dict(self.headers), b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda request, address: None
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        receiver.url = (
            f"{'http' if authority is None else 'https'}://127.0.0.1:{server.server_port}"
        )
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
