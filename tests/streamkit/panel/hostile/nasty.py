"""What the malformed requests are made of: words that no browser sends, for each part of a request."""

from __future__ import annotations

CANARY = "<canary-of-the-fuzzer>"
"""No page may ever hold it: it would be HTML of a stranger."""
INJECTED = "x-injected"
"""No answer may ever have this header."""

Headers = list[tuple[bytes, bytes]]

METHODS = (
    *(b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"ANY"),
    *(b"PROXY", b"get", b"G\xc3\x89T", b"GE T", b"A" * 5000, b"\0", b"GET\t", b"M-SEARCH", b"PRI", b"_", b"G:T", b""),
)
VERSIONS = (
    *(
        b"HTTP/1.0",
        b"HTTP/1.1",
        b"HTTP/2.0",
        b"HTTP/0.9",
        b"HTTP/1.x",
        b"HTTP/1",
        b"HTTP/1.1.1",
        b"HTTP/-1.1",
        b"FTP/1.1",
    ),
    *(b"", b"HTTP/9999999999999999999999.1", b"http/1.1", b"HTTP/1.1 X", b"HTTP/\xb9.\xb9", b"HTTP/ 1.1"),
)
PIECES = (
    *(
        b"..",
        b"%2e%2e",
        b"%2e%2e%2f",
        b"//",
        b"///",
        b"\\",
        b"%5c",
        b"%00",
        b"\0",
        b"%",
        b"%zz",
        b"%c0%af",
        b"%ff",
        b"\xff",
    ),
    *(
        b"%0d%0aX-Injected:%201",
        b"%E2%80%AE",
        b";a=b",
        b"?",
        b"#",
        b"/.",
        b"/..;/",
        b"%25%32%65",
        b"{{7*7}}",
        b"$" + b"{x}",
    ),
    *(b"%3Ccanary-of-the-fuzzer%3E", CANARY.encode(), b"%09", b"\x7f", b"*", b"<", b"'\"", b"a" * 300, b"a" * 7000),
    *(b"a" * 20_000, b"\xf0\x9f\x8e\xa5", b"%F0%9F%8E%A5", b"%ed%a0%80", b"/app.css", b"/etc/passwd", b"~root", b"@"),
)
TARGETS = (
    *(
        b"*",
        b"http://evil.test/",
        b"//evil.test/",
        b"https://[::1",
        b"evil.test:443",
        b"",
        b"/?",
        b"?",
        b"#",
        b"/\r",
        b"\t",
    ),
    *(
        b"http://",
        b"/static/../app.py",
        b"/static/%2e%2e/app.py",
        b"/static//etc/passwd",
        b"/whep/..",
        b"/whep/.",
        b"/whep/",
    ),
    *(b"/whep/%2e%2e%2fadmin", b"/api", b"/api/", b"/api/stream/", b"/api/stream/kill", b"/API/STATS", b"/api/stats/"),
    *(b"/login?token=x", b"/favicon.ico", b"/.git/config", b"/metrics/", b"/api/logs/../stats", b"/api/bundle.zip"),
)
QUERIES = (
    *(
        b"",
        b"&" * 3000,
        b"a=b" * 1000,
        b"after=-1",
        b"after=99999999999999999999999",
        b"after=1e9",
        b"after=\xff",
        b"after=",
    ),
    *(
        b"after=0&limit=0",
        b"limit=-1",
        b"limit=1e400",
        b"limit=999999999999",
        b"level=%3Ccanary-of-the-fuzzer%3E",
        b"level=",
    ),
    *(
        b"level=error&level=info",
        b"download=1",
        b"download=2&after=x",
        b"a[]=1",
        b"%=%",
        b"=",
        b"next=//evil.test",
        b"%00=%00",
    ),
    *(
        b"after=0x10",
        b"after=%D9%A3",
        b"after=1_0",
        b"after=+1",
        b"limit=nan",
        b"limit=true",
        b"after=1;limit=2",
        b"q=" + b"%41" * 2000,
    ),
)
HEADERS: Headers = [
    *(
        (b"Cookie", value)
        for value in (b"a,b=1", b"=", b";;;", b"streamkit_session=", b"streamkit_session=!a?b", b'a="\\', b"\xff=\xff")
    ),
    *(
        (b"Cookie", b"streamkit_session=" + value)
        for value in (b"9" * 400 + b".0", b"-1.0", b"1.\xff", b"\xb9.0", b"." * 500, b"1e9.x")
    ),
    *(
        (b"Authorization", value)
        for value in (b"Bearer", b"Bearer ", b"Basic \xff", b"Bearer \xff", b"Digest x", b"bearer\tx")
    ),
    *((b"Authorization", b"Bearer " + value) for value in (b"a" * 7000, b"\xf0\x9f\x8e\xa5", b"null", b"a b c")),
    *(
        (b"Host", value)
        for value in (
            b"",
            b"evil.test",
            b"evil.test:80",
            b"[::1",
            b"a" * 5000,
            b"127.0.0.1:",
            b"\xff",
            b"a@b",
            b"a b",
            b"/",
        )
    ),
    *(
        (b"Origin", value)
        for value in (b"null", b"http://evil.test", b"http://\xff", b"", b"http://[::", b"file://", b"://", b"\0")
    ),
    *((b"Sec-Fetch-Site", value) for value in (b"cross-site", b"same-site", b"\xff", b"none, none")),
    *(
        (b"Content-Type", value)
        for value in (
            b"",
            b"\xff",
            b"application/sdp;",
            b"multipart/form-data",
            b"multipart/form-data; boundary=",
            b";",
        )
    ),
    *((b"Content-Type", b"multipart/form-data; boundary=" + value) for value in (b"x", b"\xff", b'"', b"a" * 3000)),
    *(
        (b"Content-Type", value)
        for value in (b"application/x-www-form-urlencoded; charset=utf-7", b"application/json", b"text/html")
    ),
    *((b"Last-Event-ID", value) for value in (b"-1", b"9" * 50, b"\xff", b"a", b"", b"1e9", b"0x1", b"\xb2", b"1, 2")),
    *((b"If-None-Match", value) for value in (b"*", b'"', b"\xff", b'W/"x"', b'"' * 3000)),
    *((b"Range", value) for value in (b"bytes=0-", b"bytes=-1", b"bytes=9-1", b"x", b"bytes=0-0,1-1")),
    *((b"Expect", value) for value in (b"100-continue", b"\xff", b"200-ok")),
    *((b"Upgrade", value) for value in (b"websocket", b"h2c", b"\xff")),
    *((b"Connection", value) for value in (b"upgrade", b"keep-alive", b"close", b"\xff", b"Authorization")),
    *((b"X-Forwarded-For", value) for value in (b"1.2.3.4", b"\xff", b"a" * 4000)),
    *((b"X-Forwarded-Host", value) for value in (b"evil.test", b"\xff")),
    *((b"X-Forwarded-Proto", value) for value in (b"https", b"javascript", b"\xff")),
    *((b"X-HTTP-Method-Override", value) for value in (b"DELETE", b"\xff")),
    *((b"Accept-Encoding", value) for value in (b"gzip;q=\xff", b"*;q=-1")),
    *((b"X" * length, b"x") for length in (1000, 8000, 70_000)),
    *((b"X", b"x" * length) for length in (8000, 70_000, 300_000)),
    *(
        (name, b"1")
        for name in (b"", b" ", b"\xff", b"a b", b"a\0b", b"(", b":", b"X_Y", b"Transfer-Encoding ", b"\tX")
    ),
    *(
        (b"X", value)
        for value in (b"a\0b", b"a\rb", b"a\nb", b"\x7f", b"a\r\n folded", b"a\r\n\tfolded\r\n again", CANARY.encode())
    ),
]
FRAMINGS: tuple[Headers, ...] = (
    *(
        [(b"Content-Length", value)]
        for value in (b"", b"-1", b"+5", b"1_0", b"0x5", b"5, 5", b"5 5", b"\xb2", b"abc", b"1e3")
    ),
    *(
        [(b"Content-Length", value)]
        for value in (b"0", b"3", b"99999", b"9" * 12, b"9" * 40, b"9" * 5000, b" 5", b"5;")
    ),
    *(
        [(b"Transfer-Encoding", value)]
        for value in (b"chunked", b"Chunked", b"xchunked", b"identity", b"gzip, chunked", b"chunked, chunked")
    ),
    *([(b"Transfer-Encoding", value)] for value in (b"\xff", b"", b"\x0bchunked", b"chunked;x=y", b"chunked\0")),
    [(b"Content-Length", b"5"), (b"Content-Length", b"6")],
    [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
    [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"identity")],
    [(b"Content-Length ", b"5")],
    [],
)
CHUNKED = (
    *(
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-5\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n",
        b"3\r\nabcX\r\n0\r\n\r\n",
        b"f" * 16 + b"\r\nabc",
        b"f" * 500,
    ),
    *(
        b"3;" + b"x" * 20_000 + b"\r\nabc\r\n0\r\n\r\n",
        b"0\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        b"0\r\n\r\n",
        b"0\r\n\xff: x\r\n\r\n",
    ),
    *(
        b"3\nabc\n0\n\n",
        b"5\r\ntoken\r\n0\r\n\r\n",
        b"1\r\na\r\n" * 3000 + b"0\r\n\r\n",
        b"\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3",
    ),
)
TEXTS = (
    "",
    "x",
    CANARY,
    "\0",
    "\u202e",
    "🎥",
    "a" * 3000,
    "../../etc/passwd",
    "$(reboot)",
    "-1",
    "1e999",
    "NaN",
    "\ud800",
    "\r\n",
    "auto",
)
"""Values that no setting has, or that somebody might take for a command."""
