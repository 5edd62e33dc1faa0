import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from utest.keywords.engine.load.servers import BODY, STREAM, ask, read_request, sized

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if OPENSSL is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    key, chain = folder / "key.pem", folder / "chain.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(chain)]
    subprocess.run([OPENSSL, *words.split(), *names], check=True, capture_output=True)
    return key, chain


@pytest.fixture
def server(certificate):
    """An encrypted server that answers two requests on one connection."""
    key, chain = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve():
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    for _ in range(2):
                        read_request(encrypted)
                        encrypted.sendall(sized(STREAM))
            except OSError:
                pass  # the client has left

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_an_encrypted_stream_on_a_connection_that_is_reused(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    first, second = ask(server, BODY, b'{"x": "' + b"y" * 1_000_000 + b'"}')
    assert [first.error, second.error] == [None, None], (first, second)
    assert [first.reused_connection, second.reused_connection] == [False, True]
    assert first.t_queued < first.t_connected <= first.t_sent < first.t_first_content


def test_a_certificate_that_no_one_vouches_for(server):
    (sample,) = ask(server)
    assert (sample.error, sample.t_sent) == ("no_connection", None)
    assert "certificate" in sample.error_message.lower()
