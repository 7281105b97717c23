"""Requests to a server: addresses, credentials, certificates, and what can go wrong on the way."""

from __future__ import annotations

import datetime
import http.server
import importlib.util
import ipaddress
import os
import ssl
import threading
import time
from typing import ClassVar

import pytest

from nbtrack.errors import AccessDenied, InvalidInput, StoreUnavailable
from nbtrack.store.http import Address, HttpClient
from nbtrack.store.http.credentials import Trust, trust

from ...needs import missing
from ..faults import BAD_GATEWAY, HTML, SERVER_ERROR, FaultProxy, canned, too_many


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Echo.seen.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    Echo.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(echo):
    proxy = FaultProxy(echo)
    yield proxy
    proxy.close()


def client_with(uri, **environ):
    return HttpClient(uri, environ=lambda: environ)


# Addresses.


@pytest.mark.parametrize(
    "uri, url, user",
    [
        ("http://host:5000", "http://host:5000", ""),
        ("HTTP://Host/", "http://host", ""),
        ("https://ada:p%40ss@host/mlflow/", "https://host/mlflow", "ada"),
        ("http://[::1]:5000", "http://[::1]:5000", ""),
    ],
)
def test_an_address_is_kept_without_its_secrets(uri, url, user):
    address = Address.of(uri)
    assert (address.url, address.user) == (url, user)
    assert "p@ss" not in repr(address)
    assert address.password in ("", "p@ss")


@pytest.mark.parametrize("uri", ["http://", "http://host:port", "ftp://host", "http://host?x=1", "http://host#x", "http://[::1"])
def test_a_uri_that_is_no_server_address_is_refused(uri):
    with pytest.raises(InvalidInput, match=r"address of (the|a) server"):
        Address.of(uri)


# Credentials and certificates.


def test_a_request_carries_a_token_or_a_user_name_and_password(echo):
    uri = f"http://127.0.0.1:{echo}/base"
    client_with(uri, MLFLOW_TRACKING_TOKEN="tok").request("GET", "/a%20b", query=[("x", "1 2"), ("x", "é")])
    client_with(uri, MLFLOW_TRACKING_USERNAME="ada", MLFLOW_TRACKING_PASSWORD="pw", MLFLOW_TRACKING_TOKEN="t").request("GET", "/")
    client_with(uri.replace("//", "//eve:x%2Fy@"), MLFLOW_TRACKING_TOKEN="t").request("GET", "/")
    client_with(uri).request("GET", "/")
    assert [headers.get("Authorization") for _, headers, _ in Echo.seen] == [
        "Bearer tok",
        "Basic YWRhOnB3",
        "Basic ZXZlOngveQ==",
        None,
    ]
    assert Echo.seen[0][0] == "/base/a%20b?x=1+2&x=%C3%A9"


def test_a_token_is_read_anew_for_each_request(echo):
    environ = {}
    client = HttpClient(f"http://127.0.0.1:{echo}", environ=lambda: environ)
    client.request("GET", "/")
    environ["MLFLOW_TRACKING_TOKEN"] = "new"
    client.request("GET", "/")
    assert [headers.get("Authorization") for _, headers, _ in Echo.seen] == [None, "Bearer new"]


def test_a_token_with_a_line_end_is_refused_and_not_shown(echo):
    with pytest.raises(InvalidInput, match="MLFLOW_TRACKING_TOKEN") as caught:
        client_with(f"http://127.0.0.1:{echo}", MLFLOW_TRACKING_TOKEN="secret\n").request("GET", "/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status, message", [("401 Unauthorized", "does not know who asks"), ("403 Forbidden", "not permit")])
def test_denied_access_names_the_remedy_and_no_secret(proxy, status, message):
    proxy.faults = [canned(status, b"<html>", "Content-Type: text/html")]
    client = client_with(proxy.uri.replace("//", "//ada:secret@"), MLFLOW_TRACKING_TOKEN="secret")
    with pytest.raises(AccessDenied, match=r"MLFLOW_TRACKING_TOKEN.*journal") as caught:
        client.request("GET", "/")
    assert message in str(caught.value)
    assert "secret" not in f"{caught.value!r} {client!r}"
    assert len(proxy.requests) == 1


def test_environment_variables_say_which_certificates_are_trusted():
    assert trust({}) == Trust()
    assert trust({"MLFLOW_TRACKING_INSECURE_TLS": "true", "SSL_CERT_FILE": "x"}) == Trust(is_checked=False)
    assert trust({"REQUESTS_CA_BUNDLE": "b", "SSL_CERT_FILE": "c"}).authorities == "b"
    assert trust({"MLFLOW_TRACKING_SERVER_CERT_PATH": "a", "REQUESTS_CA_BUNDLE": "b"}).authorities == "a"
    assert trust({"SSL_CERT_FILE": "c", "MLFLOW_TRACKING_CLIENT_CERT_PATH": "mine"}) == Trust(True, "c", "mine")


@pytest.fixture
def secure(echo, tmp_path):
    """A server with a self-signed certificate, and that certificate."""
    if importlib.util.find_spec("cryptography") is None:
        missing("cryptography is not installed")
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.handle_error = lambda *_: None  # a client that does not trust the certificate closes the connection
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}", str(certificate)
    server.shutdown()
    server.server_close()
    thread.join()


def self_signed(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    began = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + certificate.public_bytes(pem)
    )
    return path


def test_an_untrusted_server_gets_no_request(secure):
    uri, certificate = secure
    with pytest.raises(StoreUnavailable, match="MLFLOW_TRACKING_SERVER_CERT_PATH"):
        client_with(uri, MLFLOW_TRACKING_TOKEN="tok").request("GET", "/")
    assert Echo.seen == []
    for trusted in ({"MLFLOW_TRACKING_SERVER_CERT_PATH": certificate}, {"MLFLOW_TRACKING_INSECURE_TLS": "true"}):
        assert client_with(uri, **trusted).request("POST", "/", body=b"x").body == b"x"
    with pytest.raises(InvalidInput, match="nowhere"):
        client_with(uri, REQUESTS_CA_BUNDLE="nowhere.pem").request("GET", "/")


# Failures on the way.


@pytest.mark.parametrize("fault", ["cut", "lose", "half", SERVER_ERROR, BAD_GATEWAY, too_many()])
def test_a_repeatable_request_is_sent_again_after_a_transient_failure(proxy, fault):
    proxy.faults = [fault]
    assert client_with(proxy.uri).request("POST", "/", body=b"x" * 100_000).body == b"x" * 100_000
    assert len(proxy.requests) == 2


def test_a_successful_request_is_sent_once(proxy):
    client_with(proxy.uri).request("POST", "/", body=b"x")
    assert len(proxy.requests) == len(Echo.seen) == 1


@pytest.mark.parametrize("fault", ["lose", SERVER_ERROR])
def test_a_request_that_is_not_repeatable_is_sent_once(proxy, fault):
    proxy.faults = [fault]
    with pytest.raises(StoreUnavailable):
        client_with(proxy.uri).request("POST", "/", body=b"x", is_repeatable=False)
    assert len(proxy.requests) == 1


def test_a_refused_connection_is_reported_at_once(proxy):
    began = time.monotonic()
    with proxy.away(), pytest.raises(StoreUnavailable, match="refused"):
        client_with(proxy.uri).request("GET", "/")
    assert time.monotonic() - began < 2
    assert client_with(proxy.uri).request("GET", "/").status == 200


def test_a_server_that_never_answers_times_out(proxy):
    proxy.faults = ["never"]
    with pytest.raises(StoreUnavailable, match="too slow"):
        client_with(proxy.uri).request("GET", "/", timeout=0.2)


def test_a_slow_response_is_waited_for(proxy):
    proxy.faults = ["slow"]
    assert client_with(proxy.uri).request("GET", "/").status == 200


def test_a_web_page_is_not_taken_for_a_response(proxy):
    proxy.faults = [HTML]
    with pytest.raises(StoreUnavailable, match="web page"):
        client_with(proxy.uri).request("GET", "/")


def test_a_redirect_is_reported_and_not_followed(proxy):
    proxy.faults = [canned("302 Found", b"", "Location: https://login.example/?token=secret")]
    with pytest.raises(StoreUnavailable, match=r"https://login\.example/;") as caught:
        client_with(proxy.uri).request("GET", "/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("seconds", ["30", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_no_request_is_sent_before_retry_after_has_passed(proxy, seconds):
    proxy.faults = [too_many(seconds)]
    client = client_with(proxy.uri)
    with pytest.raises(StoreUnavailable, match="asks to wait"):
        client.request("GET", "/")
    with pytest.raises(StoreUnavailable, match="no more requests"):
        client.request("GET", "/")
    assert len(proxy.requests) == 1


def test_an_unknown_host_name_is_reported():
    with pytest.raises(StoreUnavailable, match="no server of that name"):
        client_with("http://nbtrack.invalid:1").request("GET", "/")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(echo):
    client = client_with(f"http://127.0.0.1:{echo}")
    client.request("POST", "/", body=b"before")
    child = os.fork()
    if child == 0:
        os._exit(0 if client.request("POST", "/", body=b"child").body == b"child" else 1)
    assert client.request("POST", "/", body=b"parent").body == b"parent"
    assert os.waitpid(child, 0)[1] == 0
