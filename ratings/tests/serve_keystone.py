"""Run by the Python of a Keystone: serves it at a port of 127.0.0.1 until it is killed."""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

port = int(sys.argv[1])
# Keystone reads the command line when it is imported.
sys.argv = ["keystone"]

from keystone.wsgi.api import application  # noqa: E402


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Say nothing."""


make_server("127.0.0.1", port, application, Server, Quiet).serve_forever()
