"""MLflow's interface served from a folder, and pages as a headless browser leaves them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of a plain `mlflow ui`, started in `root` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port), "--workers", "1"]
    with (root / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
                break
            except OSError:
                assert server.poll() is None, (root / "server.log").read_text()
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def dom(address: str, profile: Path, *, width: int = 2000, milliseconds: int = 5000) -> str:
    """The HTML of a page after that much of its own time; waiting for a server takes none of it."""
    options = [
        *QUIET,
        f"--user-data-dir={profile}",
        f"--window-size={width},900",
        f"--virtual-time-budget={milliseconds}",
    ]
    command = [str(BROWSER), *options, "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def lines_of(html: str) -> list[str]:
    """What is to be read on a page, element by element."""
    return [unescape(text).strip() for text in re.split(r"<[^>]*>", html) if text.strip()]
