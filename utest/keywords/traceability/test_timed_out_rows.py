"""Real runs of Robot Framework whose rows end while their requests are under way."""

import json

import pytest

WAITER = """
import threading
import time
import openai
import httpx2
from robot.api.deco import keyword, library
from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.disconnect import send_and_disconnect
from keywords.engine.http.patience import Patience
from keywords.engine.http.raw_request import RawRequest, send_raw_requests
from keywords.engine.http.recorder import RecordingTransport
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.engine.scripted.script import Fault

@library(scope="GLOBAL")
class Waiter:
    def __init__(self):
        self._backend = ScriptedBackend()

    @keyword
    def start_backend(self):
        self._backend.start()

    @keyword
    def stop_backend(self):
        self._backend.stop()

    def _start(self, fault):
        self._backend.script = Script(fault=fault)
        return ChatClient(self._backend.url, api_key="k", model="m", observe=COLLECTOR.add, timeout_s=8)

    @keyword
    def ask_silence(self):
        self._start(Fault("silence")).ask("x")

    @keyword
    def stream_into_silence(self):
        self._start(Fault("silence", after=2)).stream("x")

    @keyword
    def stream_in_a_thread(self):
        self._start(Fault("silence", after=2)).start_stream("x")
        time.sleep(30)

    @keyword
    def ask_together(self):
        self._start(Fault("silence")).ask_together(["x", "y"])

    @keyword
    def leave_never(self):
        self._start(Fault("silence"))
        send_and_disconnect(self._backend.url, {"model": "m"}, api_key="k", observe=COLLECTOR.add, after_events=1)

    @keyword
    def write_a_request(self):
        self._start(Fault("silence"))
        request = RawRequest("POST", "/v1/chat/completions", body=b"{}")
        send_raw_requests(self._backend.url, [request], limit_s=30, observe=COLLECTOR.add)

    @keyword
    def ask_with_the_package(self):
        self._start(Fault("silence"))
        transport = RecordingTransport(httpx2.HTTPTransport(trust_env=False), COLLECTOR.add, Patience(30))
        http = httpx2.Client(transport=transport, trust_env=False, timeout=30)
        client = openai.OpenAI(base_url=self._backend.url + "/v1", api_key="k", max_retries=0, http_client=http)
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
"""

SUITE = """
*** Settings ***
Library           waiter.Waiter
Suite Setup       Start Backend
Suite Teardown    Stop Backend
Test Tags         kind:functional    req:CHAT-001

*** Test Cases ***
A row runs into its time limit
    [Timeout]    2 s
    {keyword}
The next row sends nothing
    Sleep    {rest}
"""


def evidence(project, row):
    return next((project.results / "evidence").glob(f"{row}-*"))


def timed_out(project, keyword, rest="0 s"):
    project.write("waiter.py", WAITER)
    project.write("suites/api/chat.robot", SUITE.format(keyword=keyword, rest=rest))
    process = project.robot()
    assert process.returncode == 1, process.stdout
    folder = evidence(project, "a-row-runs-into-its-time-limit")
    assert json.loads((evidence(project, "the-next-row") / "row.json").read_bytes())["exchanges"] == 0
    assert "/v1/chat/completions" in (folder / "curl.sh").read_text()
    return folder, json.loads((folder / "01-exchange.json").read_bytes())


@pytest.mark.parametrize("keyword", ["Ask Silence", "Ask With The Package", "Leave Never", "Write A Request"])
def test_a_request_that_is_never_answered_is_in_the_evidence(project, keyword):
    folder, exchange = timed_out(project, keyword)
    assert exchange["failure"].startswith("TimeoutExceeded: Test timeout 2 seconds exceeded")
    assert exchange["response"]["status"] is None
    assert 0.5 < exchange["total_s"] < 5
    assert "Test timeout 2 seconds exceeded" in (folder / "index.html").read_text()
    assert "# 01: was not answered; TimeoutExceeded: Test timeout 2 seconds" in (folder / "curl.sh").read_text()


def test_a_stream_keeps_what_came_before_the_limit(project):
    folder, exchange = timed_out(project, "Stream Into Silence")
    assert exchange["response"]["status"] == 200
    assert "Test timeout 2 seconds exceeded" in exchange["failure"]
    body = (folder / exchange["response"]["body"]["file"]).read_text()
    assert body.count("data:") == 2
    assert exchange["response"]["body"]["bytes"] == len(body)


def test_a_stream_that_a_thread_reads_is_given_as_it_stands(project):
    _, exchange = timed_out(project, "Stream In A Thread")
    assert (exchange["response"]["status"], exchange["failure"]) == (200, "it had not ended when the row did")
    assert exchange["response"]["body"]["bytes"] > 0


def test_requests_of_threads_are_given_and_do_not_reach_the_next_row(project):
    folder, exchange = timed_out(project, "Ask Together", rest="8 s")
    assert exchange["failure"] == "it had not ended when the row did"
    assert (folder / "02-exchange.json").is_file()
