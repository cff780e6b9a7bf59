"""Archives by name, address and environment; a secret is never shown and never goes in clear."""

from pathlib import Path

import pytest

from oligocount.errors import ConfigError
from oligocount.pacs import find_peer
from oligocount.pacs.peer import Node, Web, parse_address

SECRET = "open-sesame"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "peers.yaml"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pacs:11112/ARCHIVE", Node(host="pacs", port=11112, ae_title="ARCHIVE")),
        ("10.0.0.7:104/MY PACS", Node(host="10.0.0.7", port=104, ae_title="MY PACS")),
        ("[::1]:4242/A", Node(host="::1", port=4242, ae_title="A")),
        ("https://pacs/dicom-web/", Web(url="https://pacs/dicom-web/")),
        ("clinic", None),
        ("pacs:11112", None),
        ("pacs/ARCHIVE", None),
    ],
)
def test_an_address_is_a_node_a_url_or_the_name_of_neither(text: str, expected: object) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pacs:0/A", "port"),
        ("pacs:70000/A", "port"),
        ("pacs:104/SEVENTEEN-LETTERS", "AE title"),
        ("pacs:104/A\\B", "AE title"),
        ("ftp://pacs/x", "https://"),
        ("https://pacs/dicom-web?PatientID=4711", "without ?"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told.replace("?", r"\?")) as error:
        find_peer(text, environment={})
    assert "4711" not in str(error.value)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        find_peer(f"https://me:{SECRET}@pacs/dicom-web", environment={})
    assert SECRET not in str(error.value)


def test_a_peers_file_tells_everything_and_its_files_stand_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "us.pem").touch()
    file = write(
        tmp_path,
        "peers:\n"
        "  clinic:\n"
        "    address: pacs:2762/ARCHIVE\n"
        "    our_aet: US\n"
        "    listen: 11113\n"
        "    tls: {ca_file: ca.pem, certificate: us.pem, server_name: pacs.example}\n"
        f"    user: me\n    password: {SECRET}\n"
        "    timeout_s: 7\n    attempts: 2\n    backoff_s: 0.5\n",
    )
    peer = find_peer("clinic", file, {})
    expected = Node(
        host="pacs", port=2762, ae_title="ARCHIVE", our_ae_title="US", listen=("0.0.0.0", 11113)
    )
    assert peer.address == expected
    assert peer.tls.ca_file == tmp_path / "ca.pem"
    assert peer.login.password == SECRET
    assert (peer.patience.timeout_s, peer.patience.attempts) == (7, 2)
    assert SECRET not in repr(peer)


def test_tls_true_trusts_the_systems_authorities(tmp_path: Path) -> None:
    file = write(tmp_path, "peers: {clinic: {address: 'pacs:2762/A', tls: true}}")
    assert find_peer("clinic", file, {}).tls.ca_file is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("peers: {other: {address: 'a:1/A'}}", "which has: other"),
        ("peers: {clinic: {}}", "address"),
        ("peers: {clinic: {address: nowhere}}", "HOST:PORT"),
        ("peers: {clinic: {address: 'a:1/A', pasword: x}}", "unknown: pasword"),
        ("peers: {clinic: {address: 'a:1/A', attempts: yes}}", "attempts: expected int"),
        ("peers: {clinic: {address: 'a:1/A', attempts: 0}}", "attempts"),
        ("peers: {clinic: {address: 'a:1/A', listen: here}}", "listen"),
        ("peers: {clinic: {address: 'a:1/A', tls: {ca: x}}}", "tls.ca"),
        ("peers: {clinic: {address: 'a:1/A', tls: {ca_file: gone.pem}}}", "gone.pem"),
        ("peers: {clinic: {address: 'a:1/A', user: me}}", "user and a password"),
        ("peers: {clinic: {address: 'http://a/b', tls: true}}", "says http"),
        ("peers: [clinic]", "peers:"),
        ("clinic: {address: 'a:1/A'}", "peers:"),
    ],
)
def test_a_peers_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        find_peer("clinic", write(tmp_path, text), {})
    assert told in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f"peers:\n  clinic: {{address: 'a:1/A', password: '{SECRET}, user: me}}",
        f"peers: {{clinic: {{address: 'a:1/A', user: me, password: [{SECRET}]}}}}",
        f"peers: {{clinic: {{address: 'pacs:1/A', user: me, password: {SECRET}}}}}",
        f"peers: {{clinic: {{address: 'pacs:1/A', tls: true, token: {SECRET}}}}}",
    ],
    ids=["no_yaml", "wrong_type", "in_clear", "token_for_a_node"],
)
def test_no_message_repeats_a_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        find_peer("clinic", write(tmp_path, text), {})
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(("mode", "is_taken"), [(0o600, True), (0o640, True), (0o644, False)])
def test_a_file_with_a_secret_must_not_be_readable_by_all(
    tmp_path: Path, mode: int, is_taken: bool
) -> None:
    entry = f"peers: {{clinic: {{address: 'https://a/b', user: me, password: {SECRET}}}}}"
    file = write(tmp_path, entry, mode)
    if is_taken:
        assert find_peer("clinic", file, {}).login.password == SECRET
        return
    with pytest.raises(ConfigError, match="chmod 600"):
        find_peer("clinic", file, {})


def test_the_environment_fills_in_what_the_file_leaves_out(tmp_path: Path) -> None:
    file = write(tmp_path, "peers: {web: {address: 'https://a/b', user: me}}", 0o644)
    environment = {"OLIGOCOUNT_PACS_PASSWORD": SECRET, "OLIGOCOUNT_PACS_PEERS": str(file)}
    login = find_peer("web", None, environment).login
    assert (login.user, login.password) == ("me", SECRET)


def test_a_password_without_a_user_is_for_another_peer(tmp_path: Path) -> None:
    file = write(tmp_path, "peers: {node: {address: 'a:1/A'}}", 0o644)
    assert find_peer("node", file, {"OLIGOCOUNT_PACS_PASSWORD": SECRET}).login is None


def test_a_login_of_the_file_is_not_mixed_with_the_environments(tmp_path: Path) -> None:
    file = write(tmp_path, f"peers: {{web: {{address: 'https://a/b', token: {SECRET}}}}}")
    environment = {"OLIGOCOUNT_PACS_USER": "other", "OLIGOCOUNT_PACS_PASSWORD": "x"}
    login = find_peer("web", file, environment).login
    assert (login.user, login.token) == (None, SECRET)


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    environment = {
        "OLIGOCOUNT_PACS_USER": "me", "OLIGOCOUNT_PACS_PASSWORD": SECRET,
        "OLIGOCOUNT_PACS_CA_FILE": str(tmp_path / "ca.pem"), "OLIGOCOUNT_PACS_AET": "US",
        "OLIGOCOUNT_PACS_LISTEN": "10.0.0.5:104",
    }  # fmt: skip
    peer = find_peer("pacs:2762/A", environment=environment)
    assert peer.tls.ca_file == tmp_path / "ca.pem"
    assert (peer.address.our_ae_title, peer.address.listen) == ("US", ("10.0.0.5", 104))
    assert peer.login.user == "me"


@pytest.mark.parametrize(
    ("address", "extra", "is_taken"),
    [
        ("http://pacs/x", "", False),
        ("pacs:104/A", "", False),
        ("http://pacs/x", ", plain_login: true", True),
        ("pacs:104/A", ", plain_login: true", True),
        ("pacs:104/A", ", tls: true", True),
        ("https://pacs/x", "", True),
        ("http://127.0.0.1:8042/x", "", True),
        ("localhost:104/A", "", True),
    ],
)
def test_a_password_goes_in_clear_to_another_machine_only_where_that_is_allowed(
    tmp_path: Path, address: str, extra: str, is_taken: bool
) -> None:
    text = f"peers: {{p: {{address: '{address}', user: me, password: {SECRET}{extra}}}}}"
    file = write(tmp_path, text)
    if is_taken:
        assert find_peer("p", file, {}).login
        return
    with pytest.raises(ConfigError, match="unencrypted"):
        find_peer("p", file, {})


def test_a_name_without_a_peers_file_says_where_one_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.config/oligocount/peers\.yaml, which is not there"):
        find_peer("clinic", environment={"HOME": str(tmp_path)})
