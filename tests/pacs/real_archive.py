"""Orthanc (Debian: orthanc, orthanc-dicomweb) on loopback, with a configuration of its own."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .doubles import free_port

_PLUGINS = ("/usr/share/orthanc/plugins", "/usr/local/share/orthanc/plugins")
_START_S = 30


@dataclass(frozen=True)
class Orthanc:
    """A running one: its ports, and the port at which it believes AE title OLIGOCOUNT to listen."""

    dicom_port: int
    http_port: int
    our_port: int

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.dicom_port}/ORTHANC"

    def ask(self, path: str, *, method: str = "GET", accept: str = "*/*") -> bytes:
        """The answer of its own interface."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}", method=method, headers={"Accept": accept}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return bytes(answer.read())

    def clear(self) -> None:
        for patient in json.loads(self.ask("/patients")):
            self.ask(f"/patients/{patient}", method="DELETE")


@contextmanager
def started_orthanc(folder: Path, **changes: Any) -> Iterator[Orthanc]:
    """One that ends with the block; skips the test where there is none to start."""
    binary = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    plugins = [Path(place) / "libOrthancDicomWeb.so" for place in _PLUGINS]
    plugin = next((each for each in plugins if each.exists()), None)
    if binary is None or plugin is None:
        pytest.skip("no Orthanc with DICOMweb (Debian: orthanc, orthanc-dicomweb)")
    orthanc = Orthanc(dicom_port=free_port(), http_port=free_port(), our_port=free_port())
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "HttpPort": orthanc.http_port, "DicomPort": orthanc.dicom_port, "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomCheckCalledAet": True,
        "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
        "DicomModalities": {"us": ["OLIGOCOUNT", "127.0.0.1", orthanc.our_port]},
        "Plugins": [str(plugin)], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **changes,
    }  # fmt: skip
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binary, str(file)], stdout=log, stderr=log)
        try:
            _wait(process, orthanc, folder / "log")
            yield orthanc
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], orthanc: Orthanc, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            for port in (orthanc.dicom_port, orthanc.http_port):
                socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"Orthanc did not start:\n{log.read_text()[-2000:]}")
