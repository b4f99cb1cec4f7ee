"""The control panel as the guide describes it before its optimizations: three endpoints, polled each second.

usage: python polling.py RUN_DIR STATUS_URL [PORT]; says on standard error where it listens.
"""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

PAGE = (Path(__file__).parent / "page.html").read_bytes()


def stats(run_dir: Path) -> dict[str, Any]:
    """Return the machine's load, which psutil watches for 0.1 s, and what the stream says of itself."""
    video = _read(run_dir / "launch.json")["video"]
    return {
        "cpu": psutil.cpu_percent(interval=0.1),
        "memory": psutil.virtual_memory().percent,
        "disk": psutil.disk_usage("/").percent,
        "fps": video["fps"],
        "bitrate": video["bitrate_kbps"],
    }


def status(run_dir: Path, address: str) -> dict[str, Any]:
    """Return the stream's state, and whether the server answers curl."""
    words = ["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "2", "--output", "/dev/null", address]
    answered = subprocess.run(words, check=False).returncode == 0
    launch = _read(run_dir / "launch.json")
    return {
        "state": _read(run_dir / "supervisor.json")["stream"]["state"],
        "viewers": len(launch["viewers"]),
        "server": "online" if answered else "offline",
    }


def config(run_dir: Path) -> dict[str, Any]:
    """Return the settings."""
    return {name: entry["value"] for name, entry in _read(run_dir / "supervisor.json")["settings"].items()}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def main() -> None:
    """Serve until ended."""
    run_dir, address = Path(sys.argv[1]), sys.argv[2]
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    answers = {
        "/api/stats": lambda: stats(run_dir),
        "/api/status": lambda: status(run_dir, address),
        "/api/config": lambda: config(run_dir),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: apart, each answer would wait 40 ms for the client's delayed acknowledgement.
        wbufsize = -1

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer the page or one of its three questions."""
            if self.path == "/":
                self._send(200, "text/html", PAGE)
            elif self.path in answers:
                self._send(200, "application/json", json.dumps(answers[self.path]()).encode())
            else:
                self._send(404, "text/plain", b"")

        def _send(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    sys.stderr.write(f"The panel before listens on http://127.0.0.1:{server.server_port}/\n")
    sys.stderr.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
