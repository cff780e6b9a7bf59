"""What changed between two versions of a case, in lines."""

from collections.abc import Iterator, Mapping
from typing import Any

_SYMBOLS = ("V", "S", "R", "N", "O", "M", "N_low", "N_high")

Document = Mapping[str, Any]


def differences(machine: Document, reader: Document) -> tuple[str, ...]:
    """Counts, verdicts, studies, class and lesions that differ; empty when nothing does."""
    return tuple(_differences(machine, reader))


def _differences(machine: Document, reader: Document) -> Iterator[str]:
    for symbol in _SYMBOLS:
        yield from _line(symbol, machine["counts"][symbol], reader["counts"][symbol])
    for name, verdict in reader["verdicts"].items():
        before = machine["verdicts"].get(name, {}).get("decision")
        for line in _line(name, before, verdict["decision"]):
            yield f"{line}: {verdict['reason']}"
    for name, result in reader["studies"].items():
        yield from _line(name, machine["studies"].get(name), result)
    yield from _line("class", machine["estro_eortc"]["name"], reader["estro_eortc"]["name"])
    yield from _lesions(machine, reader)


def _lesions(machine: Document, reader: Document) -> Iterator[str]:
    before = {each["id"]: _place(each) for each in machine["lesions"]}
    after = {each["id"]: _place(each) for each in reader["lesions"]}
    for number in sorted(before.keys() | after.keys()):
        yield from _line(
            f"lesion {number}", before.get(number, "absent"), after.get(number, "absent")
        )


def _place(lesion: Mapping[str, Any]) -> str:
    return f"{lesion['status']} {lesion['counted_as'] or 'not counted'}"


def _line(name: str, before: Any, after: Any) -> Iterator[str]:
    if before != after:
        yield f"{name} {before} -> {after}"
