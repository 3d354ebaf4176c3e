from __future__ import annotations

import gzip
import itertools
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from coopbot.errors import InvalidRequest, Unreachable, Unreadable
from coopbot.ingest.web import hosts
from coopbot.ingest.web.content import FEEDS
from coopbot.ingest.web.fetch import INTERNET, Network, fetch
from coopbot.ingest.web.hosts import Address
from tests.ingest.web import HOST, LOOPBACK, Out, Route, Site, names, raw, redirect, reply, serving

PAGE = "<p>Мост открыт.</p>".encode()
MIB = 1 << 20


def test_a_page_comes_with_its_final_address(site: Site) -> None:
    site.routes["/a"] = redirect("b?x=1#part")
    site.routes["/b?x=1"] = reply(PAGE, ETag='"v1"', Last_Modified="Sun, 01 Jun 2025 00:00:00 GMT")
    got = fetch(site.url("/a#top"), network=site.network())
    assert (got.url, got.content, got.name) == (site.url("/b?x=1"), PAGE, "news.example.html")
    assert (got.etag, got.last_modified, got.not_modified) == ('"v1"', "Sun, 01 Jun 2025 00:00:00 GMT", False)


def test_the_host_is_asked_for_by_its_name_and_resolved_once_a_hop(site: Site) -> None:
    site.routes["/a"] = redirect(site.url("/b"))
    site.routes["/b"] = reply(PAGE)
    asked: list[str] = []

    def resolve(host: str) -> tuple[Address, ...]:
        asked.append(host)
        return (LOOPBACK,)

    fetch(site.url("/a"), network=site.network(resolve=resolve))
    assert asked == [HOST, HOST]
    assert [(path, headers["Host"]) for path, headers in site.asked] == [(p, f"{HOST}:{site.port}") for p in ("/a", "/b")]


def test_requests_reveal_nothing_about_this_machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment would resolve the name again, elsewhere; cookies would tell one page of another."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    site.routes["/a"] = reply(status=302, Location="/b", Set_Cookie="a=b")
    site.routes["/b"] = reply(PAGE)
    assert fetch(site.url("/a"), network=site.network()).content == PAGE
    assert {name.lower() for _, headers in site.asked for name in headers} == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
    }


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("/a", "text/html", "news.example.html"),
        ("/a.pdf", "TEXT/HTML;charset=x", "news.example.html"),
        ("/a", "application/xhtml+xml", "news.example.html"),
        ("/a", "text/plain", "news.example.txt"),
        ("/a.md", "text/plain; charset=utf-8", "news.example.md"),
        ("/a", "text/markdown", "news.example.md"),
        ("/a.php", "application/pdf", "news.example.pdf"),
        ("/a.PDF", "application/octet-stream", "news.example.pdf"),
        ("/a.docx", "application/zip", "news.example.docx"),
        ("/a.html", None, "news.example.html"),
        ("/a", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "news.example.docx"),
    ],
)
def test_the_format_is_the_content_type(site: Site, path: str, content_type: str | None, name: str) -> None:
    site.routes[path] = reply(b"x", content_type=content_type)
    assert fetch(site.url(path), network=site.network()).name == name


@pytest.mark.parametrize(
    ("path", "content_type", "told"),
    [
        ("/a", "image/png", "of type image/png"),
        ("/a.html", "video/mp4", "of type video/mp4"),
        ("/a", None, "of no declared type"),
        ("/a.exe", "application/octet-stream", "of type application/octet-stream"),
        ("/a", "application/rss+xml", "a feed, not an article; add it with --feed"),
        ("/a", "text/xml", "a feed, not an article"),
        ("/a", "application/json", "give one of Markdown, TXT, HTML, PDF, DOCX"),
    ],
)
def test_other_content_is_refused(site: Site, path: str, content_type: str | None, told: str) -> None:
    site.routes[path] = reply(b"x", content_type=content_type)
    with pytest.raises(Unreadable, match=told):
        fetch(site.url(path), network=site.network())


@pytest.mark.parametrize("content_type", ["application/rss+xml", "application/atom+xml", "text/xml", "text/html"])
def test_a_feed_may_be_called_many_things(site: Site, content_type: str) -> None:
    site.routes["/f"] = reply(b"<rss/>", content_type=content_type)
    assert fetch(site.url("/f"), kinds=FEEDS, network=site.network()).name == "news.example.xml"


@pytest.mark.parametrize(
    ("text", "charset", "sent"),
    [
        ("同江大桥", "gb2312", "同江大桥".encode("gb18030")),
        ("Мост", "windows-1251", "Мост".encode("cp1251")),
        ("Мост", "windows-1251", "Мост".encode()),
    ],
)
def test_a_charset_that_only_the_header_names(site: Site, text: str, charset: str, sent: bytes) -> None:
    site.routes["/a"] = reply(sent, content_type=f'text/html; charset="{charset}"')
    assert fetch(site.url("/a"), network=site.network()).content.decode() == text


def test_a_header_does_not_recode_a_pdf(site: Site) -> None:
    site.routes["/a"] = reply(b"%PDF \xcc\xee", content_type="application/pdf; charset=windows-1251")
    assert fetch(site.url("/a"), network=site.network()).content == b"%PDF \xcc\xee"


def test_a_page_that_has_not_changed(site: Site) -> None:
    site.routes["/a"] = reply(status=304, ETag='"v1"', content_type=None)
    got = fetch(site.url("/a"), etag='"v1"', last_modified="Sun, 01 Jun 2025 00:00:00 GMT", network=site.network())
    assert (got.not_modified, got.content, got.etag) == (True, b"", '"v1"')
    (_, headers) = site.asked[0]
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"v1"', "Sun, 01 Jun 2025 00:00:00 GMT")


def test_a_validator_cannot_inject_a_header(site: Site) -> None:
    site.routes["/a"] = reply(PAGE)
    fetch(site.url("/a"), etag='"v1"\r\nCookie: a', last_modified="мост", network=site.network())
    assert {"Cookie", "If-None-Match", "If-Modified-Since"}.isdisjoint(site.asked[0][1])


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "answered 404 Not Found; check the address"),
        (403, "answered 403 Forbidden"),
        (500, "answered 500 Internal Server Error; try again later"),
        (204, "answered 204 No Content"),
        (206, "answered 206"),
        (799, "answered 799; check"),
    ],
)
def test_a_status_that_is_no_answer_is_named(site: Site, status: int, told: str) -> None:
    site.routes["/a"] = reply(status=status)
    with pytest.raises(Unreachable, match=told):
        fetch(site.url("/a"), network=site.network())


def test_five_redirects_are_followed_and_no_sixth(site: Site) -> None:
    for number in range(6):
        site.routes[f"/{number}"] = redirect(f"/{number + 1}", status=(301, 302, 303, 307, 308, 302)[number])
    site.routes["/6"] = reply(PAGE)
    assert fetch(site.url("/1"), network=site.network()).url == site.url("/6")
    with pytest.raises(Unreachable, match="redirects more than 5 times"):
        fetch(site.url("/0"), network=site.network())


def test_a_redirect_loop_ends(site: Site) -> None:
    site.routes["/a"] = redirect("/a")
    with pytest.raises(Unreachable, match="redirects more than 5 times"):
        fetch(site.url("/a"), network=site.network())
    assert len(site.asked) == 6


@pytest.mark.parametrize("location", ["", "http://[::", "https://xn--/", "x" * 5000])
def test_a_redirect_to_nowhere(site: Site, location: str) -> None:
    site.routes["/a"] = redirect(location)
    with pytest.raises(Unreachable, match=r"without saying where to go|not a web address"):
        fetch(site.url("/a"), network=site.network())


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1:{port}/",
        "http://169.254.169.254:{port}/latest/meta-data/",
        "http://[::1]:{port}/",
        "//127.0.0.2:{port}/",
        "http://user:secret@news.example:{port}/",
        "file:///etc/passwd",
        "gopher://news.example:{port}/",
        "http://news.example:22/",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(site: Site, location: str) -> None:
    site.routes["/a"] = redirect(location.format(port=site.port))
    with pytest.raises(InvalidRequest, match=rf"^{site.url('/a')} redirects to ") as caught:
        fetch(site.url("/a"), network=site.network())
    assert caught.value.field == "url"
    assert "secret" not in str(caught.value)
    assert len(site.asked) == 1


def test_a_redirect_to_loopback_when_loopback_is_not_permitted(site: Site) -> None:
    """The server's own address is permitted for the first hop only, as if that had been a public one."""
    site.routes["/a"] = redirect(f"http://127.0.0.1:{site.port}/secret")
    site.routes["/secret"] = reply(PAGE)
    verdicts = iter([True, False])
    with pytest.raises(InvalidRequest, match=r"127\.0\.0\.1:\d+/secret: not on the public internet"):
        fetch(site.url("/a"), network=site.network(permitted=lambda _: next(verdicts)))
    assert [path for path, _ in site.asked] == ["/a"]


def test_a_name_that_changes_its_address_between_hops_is_checked_again(site: Site) -> None:
    site.routes["/a"] = redirect("/b")
    answers = iter([(LOOPBACK,), (ip_address("192.168.1.1"),)])
    with pytest.raises(InvalidRequest, match="not on the public internet"):
        fetch(site.url("/a"), network=site.network(resolve=lambda _: next(answers)))
    assert [path for path, _ in site.asked] == ["/a"]


@pytest.mark.parametrize("others", [("10.0.0.1",), ("fd00:ec2::254", "127.0.0.1")])
def test_one_private_address_among_public_ones_is_refused(site: Site, others: tuple[str, ...]) -> None:
    site.routes["/a"] = reply(PAGE)
    mixed = names({HOST: (LOOPBACK, *map(ip_address, others))})
    with pytest.raises(InvalidRequest, match="not on the public internet"):
        fetch(site.url("/a"), network=site.network(resolve=mixed))
    assert site.asked == []


def test_the_next_address_is_tried_when_one_takes_no_connections(site: Site) -> None:
    site.routes["/a"] = reply(PAGE)
    both = names({HOST: (ip_address("127.0.0.9"), LOOPBACK)})  # nothing listens on the first
    network = site.network(resolve=both, permitted=lambda address: address.is_loopback)
    assert fetch(site.url("/a"), network=network).content == PAGE


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
    ],
)
def test_production_reaches_nothing_on_this_machine(host: str) -> None:
    with pytest.raises(InvalidRequest, match="not on the public internet, so it is not fetched; save the page"):
        fetch(f"http://{host}/", network=INTERNET)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/a",
        "//news.example/a",
        "http://",
        "http:///a",
        "ftp://news.example/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://news.example:22/",
        "http://news.example:6379/",
        "http://news.example:99999/",
        "http://news.example:x/",
        "http://ⓛocalhost/",
        "http://１２７.0.0.1/",
        "http://xn--/",
        "http://0177.0.0.1/",
        r"http://news.example\@127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://[::1/",
        "http://news.example/\x00",
        "http://news.example/\ud800",
        "https://user:secret@news.example/",
        "http://news.example/" + "a" * 5000,
    ],
)
def test_invalid_addresses_are_refused(url: str) -> None:
    def resolve(host: str) -> tuple[Address, ...]:
        raise AssertionError(f"{host} was looked up")

    with pytest.raises(InvalidRequest) as caught:
        fetch(url, network=Network(resolve=resolve))
    assert caught.value.field == "url"
    assert "secret" not in str(caught.value)


def test_a_russian_name_and_a_chinese_path(site: Site) -> None:
    site.routes["/%E6%A1%A5?%D0%B0=1"] = reply(PAGE)
    network = site.network(resolve=names({"xn--e1afmkfd.xn--p1ai": (LOOPBACK,)}))
    assert fetch(site.url("/桥?а=1", host="пример.рф."), network=network).content == PAGE
    assert site.asked[0][1]["Host"] == f"xn--e1afmkfd.xn--p1ai:{site.port}"


def test_an_unknown_name(site: Site) -> None:
    with pytest.raises(Unreachable, match=r"host nowhere\.example not found; check the address"):
        fetch(site.url("/a", host="nowhere.example"), network=site.network())


@pytest.mark.server
def test_a_port_that_nothing_listens_on() -> None:
    with serving() as site:
        network, url = site.network(), site.url("/a")
    with pytest.raises(Unreachable, match="does not take connections"):
        fetch(url, network=network)


def endless(head: bytes, piece: bytes, pause_s: float = 0.0) -> Route:
    """Sends pieces until the other side hangs up."""

    def write(out: Out) -> None:
        out.write(head)
        while True:
            out.write(piece)
            time.sleep(pause_s)

    return write


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "route",
    [
        raw(HEAD + b"Content-Length: 100000000\r\n\r\n"),  # sends nothing: it must not be waited for
        endless(HEAD + b"\r\n", b"a" * MIB),
        endless(CHUNKED, b"10000\r\n" + b"a" * 0x10000 + b"\r\n"),
        reply(b"a" * 1_000_001, length=False),
    ],
    ids=["declared", "undeclared", "chunked", "a byte too many"],
)
def test_a_page_of_100_mb_is_abandoned_at_the_limit(site: Site, route: Route) -> None:
    site.routes["/a"] = route
    with pytest.raises(Unreadable, match="larger than 1 MB"):
        fetch(site.url("/a"), network=site.network(most_bytes=1_000_000))


def test_a_page_of_just_the_limit(site: Site) -> None:
    site.routes["/a"] = reply(gzip.compress(b"a" * 1_000_000, mtime=0), Content_Encoding="gzip")
    assert fetch(site.url("/a"), network=site.network(most_bytes=1_000_000)).content == b"a" * 1_000_000


@pytest.mark.parametrize(("times", "coding"), [(1, "gzip"), (2, "gzip, gzip"), (2, "GZIP,identity ,x-gzip")])
def test_a_decompression_bomb_is_stopped_early(site: Site, times: int, coding: str) -> None:
    bomb = bytes(100 * MIB if times == 1 else 1000 * MIB // 8)
    for _ in range(times):
        bomb = gzip.compress(bomb, 9, mtime=0)
    site.routes["/a"] = reply(bomb, Content_Encoding=coding)
    with pytest.raises(Unreadable, match="larger than 10 MB"):
        fetch(site.url("/a"), network=site.network())


@pytest.mark.parametrize(
    ("body", "coding", "told"),
    [
        (b"x", "br", r"was not requested \(br\)"),
        (b"x", "gzip, deflate", r"was not requested \(deflate\)"),
        (b"x", "gzip, gzip, gzip", "was not requested"),
        (b"<p>no gzip</p>", "gzip", "damaged"),
        (gzip.compress(PAGE, mtime=0)[:-4], "gzip", "breaks off"),
        (gzip.compress(b"", mtime=0), "gzip", r"empty \(0 bytes\)"),
    ],
)
def test_compressed_content_that_is_not_as_asked(site: Site, body: bytes, coding: str, told: str) -> None:
    site.routes["/a"] = reply(body, Content_Encoding=coding)
    with pytest.raises(Unreadable, match=told):
        fetch(site.url("/a"), network=site.network())


def test_two_codings_are_undone_in_order(site: Site) -> None:
    site.routes["/a"] = reply(gzip.compress(gzip.compress(PAGE, mtime=0)), Content_Encoding="gzip, gzip")
    assert fetch(site.url("/a"), network=site.network()).content == PAGE


def test_an_empty_page(site: Site) -> None:
    site.routes["/a"] = reply()
    with pytest.raises(Unreadable, match=r"empty \(0 bytes\); open the address"):
        fetch(site.url("/a"), network=site.network())


@pytest.mark.parametrize(
    "route",
    [
        endless(HEAD + b"\r\n", b"a", pause_s=0.05),
        endless(HEAD, b"X", pause_s=0.05),
        endless(b"", b"HTTP/1.1 103 Early\r\n\r\n", pause_s=0.05),
        lambda _: time.sleep(0.2),
    ],
    ids=["body", "headers", "interim replies", "silence"],
)
def test_a_server_that_drips_is_cut_off(site: Site, route: Route) -> None:
    """Each read is quick; all of them together are not."""
    site.routes["/a"] = route
    with pytest.raises(Unreachable, match=r"took longer than 0\.15 s; try again later"):
        fetch(site.url("/a"), network=site.network(limit_s=0.15))


def test_all_redirects_share_one_deadline(site: Site) -> None:
    site.routes["/a"] = redirect("/b")
    site.routes["/b"] = redirect("/a")
    ticks = itertools.count(step=4.0)
    with pytest.raises(Unreachable, match="took longer than 10 s"):
        fetch(site.url("/a"), network=site.network(clock=lambda: next(ticks)))


def test_a_resolver_that_hangs_is_abandoned() -> None:
    def resolve(host: str) -> tuple[Address, ...]:
        time.sleep(0.2)
        return ()

    with pytest.raises(Unreachable, match="took longer than"):
        fetch("http://news.example/", network=Network(resolve=resolve, limit_s=0.05))


@pytest.mark.parametrize(
    "route",
    [
        raw(b""),
        raw(b"SSH-2.0-OpenSSH\r\n"),
        raw(HEAD + b"Content-Length: 100\r\n\r\nabc"),
        raw(CHUNKED + b"zz\r\n"),
        raw(HEAD + b"X: " + b"a" * 200_000),
    ],
    ids=["nothing", "not HTTP", "cut off", "bad chunk", "headers without end"],
)
def test_an_answer_that_is_not_http(site: Site, route: Route) -> None:
    site.routes["/a"] = route
    with pytest.raises(Unreachable, match="breaks off or is not HTTP"):
        fetch(site.url("/a"), network=site.network())


def certificate(host: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for the name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.server
def test_a_certificate_is_for_the_name_though_the_address_is_pinned(tmp_path: Path) -> None:
    server, client = certificate(HOST, tmp_path)
    asked_for: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with serving(server) as site:
        site.routes["/a"] = reply(PAGE)
        assert fetch(site.url("/a"), network=site.network(authorities=lambda: client)).content == PAGE
    assert asked_for == [HOST]


@pytest.mark.server
@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_does_not_hold(tmp_path: Path, trusted: bool) -> None:
    server, client = certificate("other.example" if trusted else HOST, tmp_path)
    with serving(server) as site:
        site.routes["/a"] = reply(PAGE)
        network = site.network(**({"authorities": lambda: client} if trusted else {}))
        with pytest.raises(Unreachable, match="its certificate is not valid"):
            fetch(site.url("/a"), network=network)
    assert site.asked == []


def test_a_server_without_tls(site: Site) -> None:
    with pytest.raises(Unreachable, match="cannot connect securely"):
        fetch(site.url("/a").replace("http:", "https:"), network=site.network())


def test_production_permits_public_addresses_only() -> None:
    assert (INTERNET.permitted, INTERNET.resolve) == (hosts.is_public, hosts.resolve)
    assert (INTERNET.limit_s, INTERNET.most_bytes) == (20.0, 10_000_000)
    assert INTERNET.authorities().verify_mode == ssl.CERT_REQUIRED
