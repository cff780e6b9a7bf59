"""The answers of all definitions to one patient, asked once."""

from collections.abc import Sequence

from oligocount import decide
from oligocount.decide import Definition, Library
from oligocount.domain.census import Census, Scenarios
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.report import StudyResult


class Answers:
    """What every definition and study leaves possible, to tell and to compare others with."""

    def __init__(self, library: Library, facts: ClinicalFacts, scenarios: Scenarios) -> None:
        self.library = library
        self._facts = facts
        self.scenarios = scenarios
        self._asked = (*library.definitions, *library.studies)
        self.bits = {each.id: self._bits(each, scenarios.all) for each in self._asked}

    def studies(self) -> dict[str, StudyResult]:
        """The result of every study."""
        return {
            each.id: decide.study_result_of(self.bits[each.id]) for each in self.library.studies
        }

    def changed_in(
        self, censuses: Sequence[Census], only: str | None = None
    ) -> dict[str, str | int]:
        """Answers that other readings of the patient change, by definition."""
        found = {}
        for each in self._asked:
            if only not in (None, each.id):
                continue
            bits = self._bits(each, censuses)
            if bits != self.bits[each.id] and _word(each, bits) != _word(each, self.bits[each.id]):
                found[each.id] = _word(each, bits)
        return dict(found)

    def changed_by(self, variant: Definition) -> str | None:
        """The variant's answer where it is not its parent's."""
        parent = self.library.parent_of(variant)
        bits = self._bits(variant, self.scenarios.all)
        answer = _word(parent, bits)
        return None if answer == _word(parent, self.bits[parent.id]) else answer

    def _bits(self, definition: Definition, censuses: Sequence[Census]) -> int:
        return decide.possible_in_any(definition, censuses, self._facts)


def _word(definition: Definition, bits: int) -> str:
    if definition.is_study:
        return decide.study_result_of(bits).value
    return decide.decision_of(bits).value
