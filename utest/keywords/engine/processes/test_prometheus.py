"""A Prometheus ends with the process that started it."""

import sys

import psutil
import pytest

from keywords.engine.processes import prometheus
from keywords.engine.processes.prometheus import Prometheus

SERVER = f"""#!{sys.executable}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

port = next(word for word in sys.argv if word.startswith("--web.listen-address=")).rpartition(":")[2]
HTTPServer(("127.0.0.1", int(port)), Ready).serve_forever()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a shebang")
def test_the_exit_of_this_process_ends_it_unless_it_has_been_stopped(tmp_path, monkeypatch):
    server, exits = tmp_path / "prometheus", []
    server.write_text(SERVER)
    server.chmod(0o755)
    monkeypatch.setattr(prometheus, "COMMAND", str(server))
    monkeypatch.setattr(prometheus.atexit, "register", exits.append)
    monkeypatch.setattr(prometheus.atexit, "unregister", exits.remove)
    started = Prometheus("http://127.0.0.1:1")
    pid = started._process.pid
    assert exits == [started.stop]
    started.stop()
    assert exits == []
    assert not psutil.pid_exists(pid)
