"""The right way to talk to an archive; the network libraries are an optional extra."""

from importlib import import_module

from oligocount.errors import ConfigError
from oligocount.pacs.archive import Archive
from oligocount.pacs.peer import Node, Peer


def connect(peer: Peer) -> Archive:
    """The archive, ready to be talked to; nothing is sent yet.

    Raises ConfigError when this installation lacks the library.
    """
    is_node = isinstance(peer.address, Node)
    module, name = ("dimse", "DimseArchive") if is_node else ("web", "WebArchive")
    try:
        archive: Archive = getattr(import_module(f"oligocount.pacs.{module}"), name)(peer=peer)
    except ModuleNotFoundError as error:
        raise ConfigError(f"archives need {error.name}: pip install 'oligocount[pacs]'") from error
    return archive
