"""Servers on this machine that fail as they are told, and a disk that is soon full."""

import hashlib
import os
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from urllib.parse import unquote

import pytest


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer: nothing, unless told."""

    status: int = 200
    """Another one is sent without the file."""
    cut: int | None = None
    """The connection ends behind so many bytes of the body, though the header promised all."""
    reset: bool = False
    """It is torn down at once, without an answer."""
    lacks: int = 0
    """Bytes that the answer leaves out at the end without owning up to it."""
    flip: int | None = None
    """Place of a byte that is changed on its way."""
    pause: float = 0.0
    """Seconds before every piece."""
    piece: int = 2**16


FINE = Fault()


@dataclass
class Content:
    """What a server has under a path."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    range: str | None


class Server(ThreadingHTTPServer):
    """Files by path on a free port; every request takes the next fault of its path.

    `ranges` says whether parts are handed out, `checks` whether `If-Range` is heeded, and `chunked`
    whether the length of bodies is kept to itself.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Content] = {}
        self.asked: list[Asked] = []
        self.ranges = self.checks = True
        self.chunked = False
        self._faults: dict[tuple[str, str], Iterator[Fault]] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, path: str, body: bytes) -> str:
        """Hand out a file, with a digest as its ETag; its address."""
        self.files[path] = Content(body, {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'})
        return self.url + path

    def fail(self, path: str, *faults: Fault, method: str = "GET", last: Fault = FINE) -> None:
        """Let the next answers have these faults, and all later ones the last."""
        self._faults[method, path] = chain(faults, repeat(last))

    def take(self, method: str, path: str) -> Fault:
        with self._lock:
            return next(self._faults.get((method, path), repeat(FINE)))

    def find(self, path: str) -> Content | None:
        return self.files.get(path)

    def count(self, path: str, method: str = "GET") -> int:
        return sum((a.method, a.path) == (method, path) for a in self.asked)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what the tests are about."""


class Hub(Server):
    """Datasets behind the protocol of the hub; every revision answers with one commit.

    Large files are named by their SHA-256, small ones by git's digest, as on the hub.
    """

    commit = "c" * 40

    def put_file(self, repository: str, file: str, body: bytes, *, large: bool = False) -> str:
        """Hand out a file of a dataset; the path that faults are for."""
        path = f"/datasets/{repository}/{file}"
        digest = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        headers = {"ETag": f'"{digest}"'}
        if large:
            headers["X-Linked-ETag"] = f'"{hashlib.sha256(body).hexdigest()}"'
        self.files[path] = Content(body, headers)
        return path

    def find(self, path: str) -> Content | None:
        content = super().find(path)
        return content and Content(content.body, content.headers | {"X-Repo-Commit": self.commit})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = unquote(re.sub(r"/resolve/[^/]+/", "/", self.path))
        self.server.asked.append(Asked(self.command, path, self.headers.get("Range")))
        fault, content = self.server.take(self.command, path), self.server.find(path)
        if fault.reset:
            # Closed with a linger of no time, a socket sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
        elif fault.status != 200:
            self._head(fault.status, {"Content-Length": "0"})
        elif content is None:
            known = any(p.startswith("/".join(path.split("/")[:4]) + "/") for p in self.server.files)
            code = "EntryNotFound" if known else "RepoNotFound"
            self._head(404, {"Content-Length": "0", "X-Error-Code": code})
        else:
            self._send(content, fault)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, content: Content, fault: Fault) -> None:
        status, start, headers = 200, 0, dict(content.headers)
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", headers.get("ETag")) == headers.get("ETag")
        whole = len(content.body)
        if match and self.server.ranges and (same or not self.server.checks):
            start = int(match[1])
            if start >= whole:
                return self._head(416, {"Content-Length": "0", "Content-Range": f"bytes */{whole}"})
            status, headers["Content-Range"] = 206, f"bytes {start}-{whole - 1}/{whole}"
        body = bytearray(content.body)
        if fault.flip is not None:
            body[fault.flip] ^= 1
        body = body[start : whole - fault.lacks]
        kind = {"Transfer-Encoding": "chunked"} if self.server.chunked else {"Content-Length": str(len(body))}
        self._head(status, headers | kind)
        if self.command == "GET":
            self._body(bytes(body[: fault.cut]), fault)
        return None

    def _body(self, body: bytes, fault: Fault) -> None:
        for start in range(0, len(body), fault.piece):
            time.sleep(fault.pause)
            piece = body[start : start + fault.piece]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self.server.chunked else piece)
        if self.server.chunked and fault.cut is None:
            self.wfile.write(b"0\r\n\r\n")
        if fault.cut is not None:
            self.close_connection = True


@contextmanager
def serving(server: Server) -> Iterator[None]:
    """Let a server answer in threads of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """A file system of its own with so much room; without the right to mount one the test is skipped."""
    path.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount: a disk that is full is not at hand")
    if done.returncode:
        pytest.skip(f"a disk that is full is not at hand: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
