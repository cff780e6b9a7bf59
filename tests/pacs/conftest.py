"""A case to send, an archive that is a real Orthanc, and certificates of our own making."""

import gc
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import made
from .real_archive import Orthanc, started_orthanc


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    made.write_case(folder)
    return folder


@pytest.fixture
def case(made_once: Path, tmp_path: Path) -> Path:
    """A case of one test's own."""
    return Path(shutil.copytree(made_once / "case", tmp_path / "case"))


@pytest.fixture
def pet(made_once: Path) -> Path:
    """The folder of the PET's files; not to be changed."""
    return made_once / "pet"


@dataclass(frozen=True)
class Certificates:
    """An authority and what it signed, each a certificate with its key in one file (PEM)."""

    ca_file: Path
    other_ca_file: Path
    server: Path
    client: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other_ca"):
        _openssl(
            folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    return Certificates(
        ca_file=folder / "ca.pem",
        other_ca_file=folder / "other_ca.pem",
        server=_signed(folder, "server"),
        client=_signed(folder, "client"),
    )


def _signed(folder: Path, name: str) -> Path:
    (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
        "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt",
    )  # fmt: skip
    both = folder / f"{name}.pem"
    both.write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
    return both


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def running_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with started_orthanc(tmp_path_factory.mktemp("orthanc")) as orthanc:
        yield orthanc


@pytest.fixture
def orthanc(running_orthanc: Orthanc) -> Orthanc:
    """A real archive that holds nothing."""
    running_orthanc.clear()
    return running_orthanc


@pytest.fixture(scope="package")
def settled() -> Iterator[None]:
    """What other tests left is set aside, so that the collector looks at little."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def collected(settled: None) -> Iterator[None]:
    """The library leaves the socket of a failed handshake to the collector, which warns."""
    gc.disable()  # until here, where nobody takes the warning for a failure of the test
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    gc.enable()
