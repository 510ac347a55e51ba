"""The server as people start it: what it answers, what it refuses, and how it stops."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import HANG, TOKEN, Serving, serving

from verifiers import math_reward

SECRET = "a word that no log may hold"
PAUSE = 1.5  # seconds that the slow reward takes


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--reward", "math", "--batch-rows", "100") as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that judges one request at a time, slowly, lets one wait, and is impatient."""
    folder = tmp_path_factory.mktemp("narrow")
    spec = folder / "rewards.toml"
    options = f"{{ pause = {PAUSE} }}"
    spec.write_text(f'[rewards.slow]\nreward = "sample_rewards:LastWord"\noptions = {options}\n')
    limits = ["--workers", "1", "--queue", "1", "--body-megabytes", "1", "--body-seconds", "1"]
    with serving(
        "--reward", str(spec), *limits, "--queue-seconds", "60", SAMPLE_LOG=str(folder / "log")
    ) as running:
        yield running


def batch(*completions: Any, **more: Any) -> dict[str, Any]:
    solutions = {"solution": ["4"] * len(completions)}
    return {"completions": list(completions), "columns": solutions, **more}


# ---- rewards -----------------------------------------------------------------------------------


def test_score_gives_what_the_reward_gives(server: Serving) -> None:
    texts = ["so \\boxed{4}", [{"role": "assistant", "content": "\\boxed{5}"}], "hm", "\\boxed{4}"]
    solutions = ["4", "4", "4", "\\frac{"]
    request = {"completions": texts, "columns": {"answer": solutions}}
    wanted = math_reward(texts, answer=solutions)
    assert wanted == [1.0, 0.0, 0.0, None]
    assert server.ask("/score", request) == (200, {"reward": "math_reward", "rewards": wanted})


def test_verdicts_come_where_asked_for(server: Serving) -> None:
    status, reply = server.ask("/score", batch("so \\boxed{4}", "\\boxed{5}", verdicts=True))
    assert status == 200
    found = math_reward.verdicts(["so \\boxed{4}", "\\boxed{5}"], solution=["4", "4"])
    assert [verdict["rule"] for verdict in reply["verdicts"]] == [v.rule for v in found]
    assert reply["verdicts"][0]["extracted"] == "4"
    assert reply["verdicts"][0]["span"] == [10, 11]
    assert reply["verdicts"][1]["reason"] == found[1].reason


def test_an_empty_batch(server: Serving) -> None:
    assert server.ask("/score", batch())[1]["rewards"] == []


def test_openrlhf(server: Serving) -> None:
    request = {
        "query": ["<s>2+2? \\boxed{4}</s>", "2+2?\\boxed{5}", "\\boxed{4}", "2+2?\\boxed{4}"],
        "prompts": ["2+2?"] * 4,
        "labels": ["4", "4", "4", "\\frac{"],
    }
    status, reply = server.ask("/get_reward", request)
    assert status == 200
    assert reply["rewards"] == reply["scores"] == [1.0, 0.0, 0.0, 0.0]
    assert reply["extra_logs"]["unscored"] == [0.0, 0.0, 1.0, 1.0], "the third lacks its prompt"


def test_nemo_gym(server: Serving) -> None:
    def ask(text: str, answer: str) -> Any:
        part = {"type": "output_text", "text": text}
        output = [{"type": "reasoning", "summary": []}, {"type": "message", "content": [part]}]
        request = {"responses_create_params": {}, "response": {"output": output}}
        return server.ask("/verify", {**request, "expected_answer": answer})[1]

    assert server.ask("/seed_session", {}) == (200, {})
    right = ask("\\boxed{4}", "4")
    assert (right["reward"], right["mask_sample"], right["expected_answer"]) == (1.0, False, "4")
    assert ask("\\boxed{5}", "4")["reward"] == 0.0
    unreadable = ask("\\boxed{4}", "\\frac{")
    assert unreadable["mask_sample"] is True
    assert unreadable["failure_reason"]


# ---- what is refused ---------------------------------------------------------------------------

MALFORMED = [
    ("/score", b"", 422, "truncated"),
    ("/score", b"{", 422, "truncated"),
    ("/score", b"\xff\xfe", 422, "malformed"),
    ("/score", b"[]", 422, "object"),
    ("/score", b"{}", 422, "completions"),
    ("/score", b'{"completions": "4"}', 422, "$.completions"),
    ("/score", b'{"completions": ["4", 5]}', 422, "$.completions[1]"),
    (
        "/score",
        b'{"completions": [[{"role": "assistant"}]], "columns": {"label": [1]}}',
        422,
        "[0]",
    ),
    ("/score", b'{"completions": ["4"], "solution": ["4"]}', 422, "solution"),
    ("/score", b'{"completions": ["4"], "columns": {"solution": "4"}}', 422, "$.columns"),
    ("/score", b'{"completions": ["4"], "columns": {"solution": []}}', 422, "0 values for 1"),
    ("/score", b'{"completions": ["4"], "columns": {"completions": ["4"]}}', 422, "beside"),
    ("/score", b'{"completions": ["4"]}', 422, "no reference column"),
    ("/score", b'{"completions": ["4"], "columns": {"answers_": ["4"]}}', 422, "answers_"),
    ("/score", b'{"completions": ["4"], "columns": {"answer": [true]}}', 422, "bool"),
    ("/score", b'{"columns": {"x": ' + b"[" * 100_000, 422, "nested too deeply"),
    ("/score", json.dumps(batch(*["4"] * 101)).encode(), 413, "101"),
    ("/get_reward", b'{"query": ["4"]}', 422, "prompts"),
    ("/get_reward", b'{"query": ["4"], "prompts": [], "labels": [1]}', 422, "prompts has 0"),
    ("/verify", b'{"response": {"output": []}}', 422, "expected_answer"),
    ("/verify", b'{"expected_answer": "4"}', 422, "response.output"),
    ("/run_code", b'{"code": "1", "language": "python"}', 503, "--sandbox"),
    ("/run_code", b'{"code": "1"}', 422, "language"),
    ("/jobs", b"no job", 422, "no job"),
]


@pytest.mark.parametrize(("path", "body", "status", "part"), MALFORMED)
def test_malformed_requests(
    server: Serving, path: str, body: bytes, status: int, part: str
) -> None:
    found, reply = server.ask(path, raw=body)
    assert found == status, reply
    assert part in reply["detail"], reply


def test_what_is_not_there(server: Serving) -> None:
    assert server.ask("/nothing")[0] == 404
    assert server.ask("/score")[0] == 405


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}x", 401),
        (TOKEN, 401),
        ("Basic !!!", 401),
        ("Basic " + base64.b64encode(b"x:wrong").decode(), 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        ("Basic " + base64.b64encode(f"anyone:{TOKEN}".encode()).decode(), 200),
    ],
)
def test_tokens(server: Serving, header: str | None, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=HANG)
    with contextlib.closing(connection):
        headers = {} if header is None else {"Authorization": header}
        for method, path, body in [
            ("POST", "/score", json.dumps(batch("\\boxed{4}"))),
            ("GET", "/metrics", None),
            ("GET", "/openapi.json", None),
        ]:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
            assert reply.status == status, (path, text)
            if status == 401:
                assert reply.getheader("WWW-Authenticate") == "Bearer"
                assert "Authorization: Bearer" in json.loads(text)["detail"]
                assert TOKEN not in text


def test_health_and_readiness_need_no_token(server: Serving) -> None:
    for path in ("/health", "/ready"):
        with socket.create_connection(("127.0.0.1", server.port), HANG) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b" 200 " in connection.recv(100)


def test_a_body_that_is_too_large(narrow: Serving) -> None:
    status, reply = narrow.ask("/score", raw=b" " * (3 << 20))
    assert (status, "1,048,576" in reply["detail"]) == (413, True)


def test_a_body_that_is_too_large_and_does_not_say_so(narrow: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", narrow.port, timeout=HANG)
    with contextlib.closing(connection):
        pieces = iter([b" " * (1 << 18)] * 12)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("POST", "/score", pieces, headers, encode_chunked=True)
        assert connection.getresponse().status == 413


START = b"POST /score HTTP/1.1\r\nHost: x\r\n"
CHUNKED = f"Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def sent(server: Serving, *pieces: bytes) -> bytes:
    """Send bytes until the server has had enough, and return what it replies before it closes."""
    reply = b""
    with socket.create_connection(("127.0.0.1", server.port), HANG) as connection:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(4096):
                reply += chunk
    return reply


@pytest.mark.parametrize(
    "head",
    [
        START + b"X: ",
        START + b"X: y\r\n" * 10_000,
        b"GET /",
        START + CHUNKED + b"2\r\n{}\r\n0\r\nX: ",  # after the body
        START + CHUNKED + b"2;",  # between the pieces of the body
    ],
)
def test_headers_without_an_end(narrow: Serving, head: bytes) -> None:
    reply = sent(narrow, head, *[b"a" * (1 << 16)] * 64)
    assert reply.startswith(b"HTTP/1.1 431 ")
    assert json.loads(reply.split(b"\r\n\r\n")[1])["detail"] == (
        "the headers are longer than 65,536 bytes"
    )


def test_headers_that_do_not_end_after_a_first_request(narrow: Serving) -> None:
    reply = sent(narrow, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", START)
    assert reply.count(b"HTTP/1.1") == 1, "the server closes the connection"


def test_what_is_no_http(narrow: Serving) -> None:
    reply = sent(narrow, b"\x16\x03\x01\x02\x00")  # as a client that expects TLS begins
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert "detail" in json.loads(reply.split(b"\r\n\r\n")[1])


def test_many_small_chunks_are_no_headers(server: Serving) -> None:
    body = json.dumps(batch(*["so \\boxed{4}" + " " * 1000] * 100)).encode()
    pieces = [body[start : start + 10] for start in range(0, len(body), 10)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    reply = sent(server, START + b"Connection: close\r\n" + CHUNKED, chunks + b"0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 ")


def test_web_pages_need_a_token() -> None:
    page = {"Origin": "http://a.page.elsewhere", "Content-Type": "text/plain"}
    body = json.dumps(batch("\\boxed{4}"))
    with serving(token=None) as server:
        for headers, status in ((page, 403), ({}, 200)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=HANG)
            with contextlib.closing(connection):
                connection.request("POST", "/score", body, headers)
                assert connection.getresponse().status == status


def test_a_client_that_does_not_send_its_body(narrow: Serving) -> None:
    head = (
        f"POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        'Content-Length: 1000\r\n\r\n{"completions": ['
    )
    with socket.create_connection(("127.0.0.1", narrow.port), HANG) as connection:
        connection.sendall(head.encode())
        reply = b""
        while chunk := connection.recv(4096):  # until the server closes the connection
            reply += chunk
    assert b" 408 " in reply.split(b"\r\n")[0]
    assert b"did not arrive within 1 s" in reply


def test_a_client_that_says_nothing(narrow: Serving) -> None:
    with socket.create_connection(("127.0.0.1", narrow.port), HANG) as connection:
        assert connection.recv(1) == b"", "the server closes the connection"


def test_a_client_that_goes_away_is_no_fault(narrow: Serving) -> None:
    head = f"POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection(("127.0.0.1", narrow.port), HANG) as connection:
        connection.sendall((head + "Content-Length: 1000\r\n\r\n{").encode())
        wait_until(lambda: inside(narrow) == 1)
    wait_until(lambda: inside(narrow) == 0)
    wait_until(lambda: any(entry.get("status") == 499 for entry in narrow.log))


# ---- the queue, the end ------------------------------------------------------------------------


def inside(server: Serving) -> float:
    """Return how many requests for rewards the server is at, or has waiting."""
    text = server.ask("/metrics")[1]
    line = next(
        line
        for line in text.splitlines()
        if line.startswith('verifiers_requests_inside{gate="worker"}')
    )
    return float(line.split()[-1])


def wait_until(done: Any) -> None:
    deadline = time.monotonic() + HANG
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Asking(threading.Thread):
    """A request that is on its way."""

    def __init__(self, server: Serving) -> None:
        super().__init__()
        self.server = server
        self.found: tuple[int, Any] = (0, None)
        self.start()

    def run(self) -> None:
        self.found = self.server.ask("/score", batch("it is 4"))


def test_a_full_queue_refuses_at_once(narrow: Serving) -> None:
    admitted = []
    for number in range(2):
        admitted.append(Asking(narrow))
        wait_until(lambda number=number: inside(narrow) == number + 1)
    status, reply = narrow.ask("/score", batch("it is 4"))
    assert status == 504
    assert "the queue is full" in reply["detail"]
    assert inside(narrow) == 2, "it was refused while the others were still there"
    for asking in admitted:
        asking.join(HANG)
        assert asking.found[0] == 200
        assert asking.found[1]["rewards"] == [1.0]


def test_who_waits_too_long_is_refused(tmp_path: Path) -> None:
    spec = tmp_path / "rewards.toml"
    spec.write_text(
        f'[rewards.slow]\nreward = "sample_rewards:LastWord"\noptions = {{ pause = {PAUSE} }}\n'
    )
    options = ["--reward", str(spec), "--workers", "1", "--queue-seconds", "0.2"]
    with serving(*options, SAMPLE_LOG=str(tmp_path / "log")) as server:
        first = Asking(server)
        wait_until(lambda: inside(server) == 1)
        status, reply = server.ask("/score", batch("it is 4"))
        assert (status, "within 0.2 s" in reply["detail"]) == (504, True)

        # Told to stop, it finishes what it has accepted, and takes nothing more.
        assert inside(server) == 1
        server.process.terminate()
        first.join(HANG)
        assert first.found == (200, {"reward": "slow", "rewards": [1.0]})
        assert server.process.wait(HANG) == 0
        with pytest.raises(urllib.error.URLError):
            server.ask("/health")
    assert server.log[-1]["event"] == "stopped"


def test_a_reward_that_never_returns(tmp_path: Path) -> None:
    spec = tmp_path / "rewards.toml"
    spec.write_text(
        '[rewards.slow]\nreward = "sample_rewards:LastWord"\noptions = { pause = 1000.0 }\n'
    )
    with serving("--reward", str(spec), "--workers", "2", "--judge-seconds", "0.3") as server:
        status, reply = server.ask("/score", batch("it is 4"))
        assert (status, "not judged within 0.3 s" in reply["detail"]) == (504, True)
        assert server.ask("/health")[0] == 200
        assert server.stop() == 1
    assert "never returned" in server.log[-1]["event"]


# ---- what it says of itself --------------------------------------------------------------------


def test_the_log_is_json_and_holds_no_completion(tmp_path: Path) -> None:
    with serving("--reward", "sample_rewards:broken") as server:
        status, reply = server.ask("/score", batch(SECRET))
        assert status == 500
        assert "this reward is broken" in reply["detail"], "the client may know"
        assert server.ask("/get_reward", {"query": [SECRET], "prompts": [""], "labels": [""]})
        assert server.ask("/score", raw=f'{{"completions": ["{SECRET}", 3]}}'.encode())[0] == 422
        assert server.ask(f"/{SECRET.replace(' ', '-')}")[0] == 404
    assert not server.other, "every line is one JSON object"
    text = json.dumps(server.log)
    assert SECRET not in text
    assert SECRET.replace(" ", "-") not in text
    assert "this reward is broken" not in text
    raised = [entry for entry in server.log if entry.get("exception") == "RuntimeError"]
    assert any("sample_rewards.py" in where for where in raised[0]["where"])
    request = next(entry for entry in server.log if entry.get("status") == 500)
    assert {"time", "level", "event", "method", "path", "seconds", "bytes_in"} <= set(request)


def test_metrics_count(server: Serving) -> None:
    def value(name: str) -> float:
        lines = server.ask("/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    name = 'verifiers_completions_total{path="/score",scored="%s"}'
    before = value(name % "yes"), value(name % "no")
    server.ask("/score", {"completions": ["4", "4"], "columns": {"answer": ["4", None]}})
    assert (value(name % "yes"), value(name % "no")) == (before[0] + 1, before[1] + 1)
    assert value('verifiers_requests_total{path="/score",status="200"}') >= 1
    assert value("process_resident_memory_bytes") > 0


def test_the_examples_of_the_openapi_page_work(server: Serving) -> None:
    page = server.ask("/openapi.json")[1]
    assert page["openapi"].startswith("3.")
    known = page["components"]["schemas"]
    text = json.dumps(page)
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.split('"')[0] in known
    for path in ("/score", "/get_reward", "/verify"):
        operation = page["paths"][path]["post"]
        request = operation["requestBody"]["content"]["application/json"]["example"]
        wanted = operation["responses"]["200"]["content"]["application/json"]["example"]
        status, reply = server.ask(path, request)
        assert status == 200
        assert {name: reply[name] for name in wanted} == wanted
    assert {"401", "408", "413", "422", "504"} <= set(page["paths"]["/score"]["post"]["responses"])


def serve(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verifiers", "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--host", "0.0.0.0"), "--no-token"),
        (("--host", "10.0.0.1"), "--no-token"),
        (("--host", "999.0.0.1", "--no-token"), "cannot listen"),
        (("--reward", "algebra"), "algebra"),
        (("--reward", "no_such_file.toml"), "no_such_file.toml"),
        (("--token-file", "no_such_file"), "no_such_file"),
        (("--sandbox", "unsafe"), "unsafe"),
        (("--sandbox", "chroot"), "chroot"),
        (("--queue", "-1"), "--queue"),
    ],
)
def test_wrong_commands(options: tuple[str, ...], part: str) -> None:
    done = serve(*options)
    assert done.returncode == 2, done.stderr
    assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['fastapi'] = None; sys.argv[1:] = ['serve', '--port', '0']\n"
    code += "from verifiers.cli import main; main()"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 2
    assert "pip install 'rlvr-verifiers[server]'" in done.stderr


def test_it_says_where_it_listens() -> None:
    command = [sys.executable, "-m", "verifiers", "serve", "--port", "0", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        facts = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{facts['address']}/health", timeout=HANG) as reply:
            assert reply.status == 200
        process.terminate()
        assert process.wait(HANG) == 0
    del facts["address"]
    assert facts == {"reward": "math_reward", "sandbox": None, "token": False}


def test_an_address_in_use(server: Serving) -> None:
    done = serve("--port", str(server.port))
    assert done.returncode == 2
    assert "in use" in done.stderr
