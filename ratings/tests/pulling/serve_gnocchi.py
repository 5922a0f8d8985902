"""Gnocchi's API in one process: prints its port, and serves until its stdin ends."""

import sys
import threading

from gnocchi import service
from gnocchi.rest import app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *args):
        """Say nothing."""


found = app.load_app(service.prepare_service(["--config-file", sys.argv[1]]))
server = make_server("127.0.0.1", 0, found, threaded=True, request_handler=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
sys.stdin.read()
