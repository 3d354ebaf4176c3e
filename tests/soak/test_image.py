"""The image, built from the Dockerfile, started, and asked a question. Needs root, buildah and a network for packages.

The base is that of the Dockerfile or, where no registry can be reached, a Debian made with debootstrap. IMAGE_BASE names
another one, TORCH_INDEX an index to take torch from.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
NAME = "localhost/coopbot-soak"
_BASE = "localhost/coopbot-soak-base"
_PACKAGES = "ca-certificates,python3,python3-pip,python3-venv"
_QUESTION = "When did the Heihe-Blagoveshchensk highway bridge open to freight?"
# What pip is set up with on this machine holds for the build too.
_PIP = ("/etc/pip.conf", "/etc/xdg/pip", "/etc/ssl/certs")
_BUILD_S, _PULL_S, _START_S = 3 * 3600, 600, 300

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("buildah") is None, reason="needs buildah; run: apt-get install buildah debootstrap"),
    pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root, to build without user namespaces"),
]


def run(*command: str | Path, timeout_s: float = _BUILD_S) -> str:
    """What a command prints; its errors go to the test's own."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=timeout_s, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    arguments = {"BASE": _base(tmp_path_factory.mktemp("base")), "TORCH_INDEX": os.environ.get("TORCH_INDEX", "")}
    given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    wheels = os.environ.get("PIP_FIND_LINKS", "")
    given += ["--env", f"PIP_FIND_LINKS={wheels}"] if wheels else []
    paths = [path for path in (*_PIP, wheels) if path and Path(path).exists()]
    volumes = [part for path in dict.fromkeys(paths) for part in ("--volume", f"{path}:{path}:ro")]
    run("buildah", "bud", "--isolation", "chroot", "--format", "docker", *_limits(), *given, *volumes, "--tag", NAME, ".")
    return NAME


def _limits() -> list[str]:
    """Those of this process: without, buildah asks for more, which a container may not."""
    import resource

    of = {"nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "nproc": resource.getrlimit(resource.RLIMIT_NPROC)}
    return [part for name, (soft, hard) in of.items() for part in ("--ulimit", f"{name}={soft}:{hard}")]


def _base(folder: Path) -> str:
    """The name of a base image: IMAGE_BASE, if that is set."""
    if given := os.environ.get("IMAGE_BASE"):
        return given
    usual = re.findall(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)[0]
    with suppress(subprocess.SubprocessError):
        run("buildah", "pull", f"docker.io/library/{usual}", timeout_s=_PULL_S)
        return str(usual)
    if shutil.which("debootstrap") is None:
        pytest.skip("no registry can be reached, and there is no debootstrap; run: apt-get install debootstrap")
    run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "stable", folder)
    (folder / "usr" / "bin" / "python").symlink_to("python3")
    container = run("buildah", "from", "scratch")
    run("buildah", "add", "--quiet", container, folder, "/")
    run("buildah", "commit", "--quiet", "--rm", container, _BASE)
    return _BASE


def _torch_has_cuda(image: str) -> bool:
    container = run("buildah", "from", *_limits(), image)
    try:
        program = "import torch; print(torch.version.cuda)"
        version = run("buildah", "run", "--isolation", "chroot", container, "python", "-c", program)
    finally:
        run("buildah", "rm", container)
    return version != "None"


@contextmanager
def started(image: str) -> Iterator[httpx.Client]:
    """The service in a container of the image."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    container = run("buildah", "from", *_limits(), image)
    command = ["buildah", "run", "--isolation", "chroot", "--env", f"COOPBOT_PORT={port}", container, "coopbot", "serve"]
    process = subprocess.Popen(command)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_START_S, trust_env=False) as client:
            deadline = time.monotonic() + _START_S
            while True:
                assert process.poll() is None
                assert time.monotonic() < deadline
                with suppress(httpx.TransportError):
                    client.get("/readyz").raise_for_status()
                    break
                time.sleep(0.5)
            yield client
    finally:
        process.terminate()
        process.wait(60)
        run("buildah", "rm", container)


def test_it_answers_without_preparing_anything(image: str) -> None:
    with started(image) as client:
        answer = client.post("/v1/ask", json={"question": _QUESTION}).raise_for_status().json()
    assert answer["outcome"] == "answered"
    assert "10 June 2022" in answer["text"]


def test_it_is_as_small_as_documented(image: str) -> None:
    if _torch_has_cuda(image):
        pytest.skip("torch came with libraries for graphics cards, 3 GB of them; set TORCH_INDEX to an index of CPU builds")
    inspected = run("buildah", "images", "--json", image)
    ((size, unit),) = re.findall(r'"size": "([\d.]+) ([MG]B)"', inspected)
    (most,) = re.findall(r"The image takes less than ([\d.]+) GB", (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"))
    assert float(size) / (1 if unit == "GB" else 1000) < float(most)
