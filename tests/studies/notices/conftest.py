"""A site that may tell, and a receiver that keeps what it is told."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.studies.notices.telling import SECRET


@pytest.fixture(autouse=True)
def site(settings):
    settings.NOTICES_SECRET, settings.EMAIL_HOST = SECRET, "mail.example.org"
    settings.SITE_URL = "https://study.example.org/"


@pytest.fixture
def receiver(settings):
    """A server that keeps what it gets, and answers with `status`."""
    settings.NOTICES_TO_PRIVATE = True

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, dict(self.headers), body))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook?study=1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
