"""Archives by name: a peers file, and what the environment says."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from oligocount.errors import ConfigError
from oligocount.pacs.peer import OUR_AE_TITLE, Login, Patience, Peer, Tls, parse_address
from oligocount.plain_yaml import parse_yaml

PREFIX = "OLIGOCOUNT_PACS_"
_HOME_FILE = Path(".config") / "oligocount" / "peers.yaml"
_KINDS: Mapping[str, tuple[type, ...]] = {
    "address": (str,), "our_aet": (str,), "listen": (int, str), "tls": (bool, dict),
    "user": (str,), "password": (str,), "token": (str,), "plain_login": (bool,),
    "timeout_s": (int, float), "attempts": (int,), "backoff_s": (int, float),
}  # fmt: skip
_TLS_KINDS: Mapping[str, tuple[type, ...]] = {
    "ca_file": (str,), "certificate": (str,), "key": (str,), "server_name": (str,),
    "listens": (bool,),
}  # fmt: skip
_LOGIN = ("user", "password", "token")
_SECRETS = {"password", "token"}


def find_peer(
    told: str, file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> Peer:
    """The archive that `told` means: a name in the peers file, HOST:PORT/AE-TITLE, or a URL.

    The environment's OLIGOCOUNT_PACS_* fill in what the file does not say. Raises ConfigError
    for an unknown name and for what cannot be used; no message repeats a secret.
    """
    if parse_address(told) is not None:
        return _peer({**_from_environment(environment), "address": told}, Path())
    source = _peers_file(file, environment)
    entry = _entry(told, source)
    try:
        return _peer({**_filled_in(environment, entry), **entry}, source.parent)
    except ConfigError as error:
        raise ConfigError(f"{source}: peer {told}: {error}") from error


def _peers_file(file: Path | None, environment: Mapping[str, str]) -> Path:
    told = environment.get(PREFIX + "PEERS")
    return file or (Path(told) if told else Path(environment.get("HOME", ".")) / _HOME_FILE)


def _entry(name: str, file: Path) -> dict[str, Any]:
    peers = _read(file, name)
    if name not in peers:
        known = ", ".join(map(str, peers)) or "none"
        raise ConfigError(
            f"{name}: expected HOST:PORT/AE-TITLE, a URL, or a peer of {file}, which has: {known}"
        )
    entry = peers[name]
    if not isinstance(entry, dict) or "address" not in entry:
        raise ConfigError(f"{file}: peer {name}: expected a mapping with `address`")
    if _SECRETS & set(entry):
        _refuse_readable_by_all(file)
    return entry


def _read(file: Path, name: str) -> dict[str, Any]:
    try:
        content = parse_yaml(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{name}: expected HOST:PORT/AE-TITLE, a URL, or a peer of {file}, which is not there"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read") from error
    except yaml.YAMLError as error:  # its text cites the line, which may hold a password
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise ConfigError(f"{file}: line {line} is no YAML") from None
    peers = content.get("peers") if isinstance(content, dict) else None
    if not isinstance(peers, dict) or set(content) != {"peers"}:
        raise ConfigError(f"{file}: expected `peers:` alone, with a name and a mapping each")
    return peers


def _refuse_readable_by_all(file: Path) -> None:
    if os.name == "posix" and file.stat().st_mode & stat.S_IROTH:
        raise ConfigError(f"{file}: holds a secret and anyone may read it: chmod 600 {file}")


def _filled_in(environment: Mapping[str, str], entry: dict[str, Any]) -> dict[str, Any]:
    """What the environment says beyond the entry; a login of its own comes whole or not at all."""
    told = _from_environment(environment)
    if any(key in entry for key in ("password", "token")):
        return {key: value for key, value in told.items() if key not in _LOGIN}
    if "user" not in (told | entry):  # the password is for another peer
        return {key: value for key, value in told.items() if key != "password"}
    return told


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    keys = {"our_aet": "AET", "listen": "LISTEN"} | {key: key.upper() for key in _LOGIN}
    told: dict[str, Any] = {
        key: environment[PREFIX + name]
        for key, name in keys.items()
        if environment.get(PREFIX + name)
    }
    tls = {
        key: environment[PREFIX + key.upper()]
        for key in ("ca_file", "certificate", "key", "server_name")
        if environment.get(PREFIX + key.upper())
    }
    return {**told, "tls": tls} if tls else told


def _peer(told: Mapping[str, Any], base: Path) -> Peer:
    _check(told, _KINDS, "")
    address = parse_address(
        told["address"],
        our_ae_title=told.get("our_aet", OUR_AE_TITLE),
        listen=_listen(told["listen"]) if "listen" in told else None,
    )
    if address is None:
        raise ConfigError("address: expected HOST:PORT/AE-TITLE or a URL")
    patience = {key: told[key] for key in ("timeout_s", "attempts", "backoff_s") if key in told}
    login = {key: told[key] for key in _LOGIN if key in told}
    return Peer(
        address=address,
        tls=_tls(told.get("tls", False), base),
        login=Login(**login) if login else None,
        allows_plain_login=told.get("plain_login", False),
        patience=Patience(**patience),
    )


def _tls(told: bool | Mapping[str, Any], base: Path) -> Tls | None:  # noqa: FBT001 - as YAML has it
    if isinstance(told, bool):
        return Tls() if told else None
    _check(told, _TLS_KINDS, "tls.")
    files: dict[str, Any] = {
        key: base / Path(told[key]).expanduser()
        for key in ("ca_file", "certificate", "key")
        if key in told
    }
    others = {key: told[key] for key in ("server_name", "listens") if key in told}
    return Tls(**files, **others)


def _check(told: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]], where: str) -> None:
    unknown = sorted(where + str(key) for key in set(told) - set(kinds))
    if unknown:
        raise ConfigError(f"unknown: {', '.join(unknown)}; known: {', '.join(kinds)}")
    for key, value in told.items():
        is_flag_for_number = isinstance(value, bool) and bool not in kinds[key]
        if not isinstance(value, kinds[key]) or is_flag_for_number:
            words = " or ".join(kind.__name__ for kind in kinds[key])
            raise ConfigError(f"{where}{key}: expected {words}, found {type(value).__name__}")


def _listen(told: int | str) -> tuple[str, int]:
    """Port or host:port; every interface where no host is told."""
    host, _, port = str(told).rpartition(":")
    if not port.isdecimal():
        raise ConfigError("listen: expected a port, or HOST:PORT")
    return host or "0.0.0.0", int(port)  # noqa: S104 - the archive calls from another machine
