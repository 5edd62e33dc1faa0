"""What stands before the servers of the scoreboard: a wire with one more defect, headers that Portkey needs."""

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import psutil
import pytest

from keywords.engine.defects.catalogue import choose
from keywords.engine.processes import tree
from keywords.engine.processes.node import NodeUnavailableError, find_node
from ops.scoreboard import __main__ as scoreboard
from ops.scoreboard.planting import planted
from ops.scoreboard.servers import ADDED_HEADERS, NAMES, Server

ANSWER = {"id": "chatcmpl-own", "object": "chat.completion", "choices": []}
# Node tells its port, and answers each request with the headers that it got.
ECHO = """
const http = await import("node:http");
const server = http.createServer((request, response) => response.end(JSON.stringify(request.headers)));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def answering():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield Server("x", f"http://127.0.0.1:{server.server_port}", "x 1")
    finally:
        server.shutdown()
        server.server_close()


def ask(url):
    headers = {"content-type": "application/json"}
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello."}]}).encode()
    with urlopen(Request(f"{url}/v1/chat/completions", body, headers), timeout=30) as response:  # this machine's
        return json.load(response)


def test_a_planted_server_has_one_more_defect_and_nothing_else_changed():
    with answering() as server:
        assert ask(server.url) == ANSWER
        with planted(server, choose(["id constant"])[0]) as spoilt:
            assert ask(spoilt.url) == {**ANSWER, "id": "chatcmpl-1"}
            assert (spoilt.name, spoilt.version) == (server.name, server.version)
        assert not [thread.name for thread in threading.enumerate() if thread.name == "wire"]


def test_headers_are_added_to_each_request_of_a_node_server():
    try:
        node = find_node()
    except NodeUnavailableError as error:
        pytest.skip(str(error))
    command = [node.command, "--import", ADDED_HEADERS.as_uri(), "--input-type=module", "--eval", ECHO]
    environment = {"ADDED_HEADERS": json.dumps({"x-portkey-provider": "openai"})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
            with urlopen(Request(url, headers={"own": "1"}), timeout=30) as response:  # this machine's
                got = json.load(response)
        finally:
            # The `node` of the wheel is a process of Python that starts Node's own.
            tree.end(psutil.Process(process.pid))
    assert (got["own"], got["x-portkey-provider"]) == ("1", "openai")


def test_the_board_is_written_of_all_servers_or_not_at_all(monkeypatch, tmp_path, capsys):
    commands = []
    monkeypatch.setattr(scoreboard.subprocess, "run", lambda command, **_: commands.append(command))
    for name in NAMES:
        scoreboard._write_board(tmp_path)
        assert commands == []
        (tmp_path / name).mkdir()
        (tmp_path / name / "output.xml").touch()
    scoreboard._write_board(tmp_path)
    assert commands[0][-len(NAMES) :] == [str(tmp_path / name) for name in NAMES]
    assert f"has no run of {NAMES[-1]}" in "".join(capsys.readouterr())
