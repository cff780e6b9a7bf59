"""Chooses the PET, the CT that belongs to it and every MR; says why each series is taken or not."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from oligocount.domain.study import Role, Series
from oligocount.errors import AmbiguousSeries, IncompleteSeries, InputError, SeriesNotFound
from oligocount.intake.headers import Header
from oligocount.intake.mr import mr_facts
from oligocount.intake.patients import why_not_his, why_several
from oligocount.intake.points import Score, score_ct, score_pet
from oligocount.intake.roles import role_of, why_refused
from oligocount.intake.slices import Stack, stack_slices
from oligocount.settings import IntakeSettings

StackKey = tuple[str, int, tuple[Path, ...]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """The frames of one series that could make one volume, or the reason why they cannot."""

    headers: tuple[Header, ...]
    role: Role
    stack: Stack | None = None
    refusal: str | None = None
    error: InputError | None = None
    score: Score | None = None
    chosen: bool = False

    @property
    def uid(self) -> str:
        """The series instance UID."""
        return self.headers[0].series_uid

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold its frames, each once."""
        return tuple(sorted({one.file for one in self.headers}))

    @property
    def can_serve(self) -> bool:
        """True where nothing speaks against it."""
        return self.stack is not None and self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Every candidate with its verdict; `problem` is why no PET could be taken."""

    candidates: tuple[Candidate, ...]
    problem: InputError | None

    def chosen(self, role: Role) -> tuple[Candidate, ...]:
        """The candidates taken for a role."""
        return tuple(one for one in self.candidates if one.chosen and one.role is role)


def select_series(
    headers: Iterable[Header], settings: IntakeSettings, *, pet_series: str | None = None
) -> Selection:
    """A verdict on every series among the headers, in an order that file names do not change."""
    candidates = [_candidate(group, settings) for group in group_frames(headers)]
    pets = [one for one in candidates if one.role is Role.PET]
    pets, problem = _choose_pet(pets, settings, pet_series)
    pet = next((one for one in pets if one.chosen), None)
    others = [_beside_patient(one, pet) for one in candidates if one.role is not Role.PET]
    cts = [one for one in others if one.role is Role.CT]
    rest = [one for one in others if one.role is not Role.CT]
    rest = [replace(one, chosen=one.role is Role.MR and one.can_serve) for one in rest]
    return Selection(candidates=(*pets, *_choose_ct(cts, pet, settings), *rest), problem=problem)


def group_frames(headers: Iterable[Header]) -> list[tuple[Header, ...]]:
    """Frames that claim to be one volume: same series, class, kind of image, size, direction."""
    groups: dict[tuple[object, ...], list[Header]] = defaultdict(list)
    for one in headers:
        kind = "LOCALIZER" in (each.upper() for each in one.image_type)
        direction = tuple(round(cosine, 2) + 0.0 for cosine in one.orientation)
        key: tuple[object, ...] = (one.series_uid, one.sop_class_uid, kind, one.rows, one.columns)
        key += (direction, *_contrast_of(one))
        groups[key].append(one)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]), str(item[0])))
    return [tuple(sorted(group, key=_instance_order)) for _, group in ordered]


def _contrast_of(header: Header) -> tuple[object, ...]:
    """What makes several MR volumes of one series UID: echo, diffusion weight, Dixon part."""
    if role_of(header) is not Role.MR:
        return ()
    return (header.echo_ms, header.b_value, header.image_type, header.mr.stack_id)


def describe(candidates: Iterable[Candidate]) -> tuple[Series, ...]:
    """The verdicts as the rest of the package sees them: by role, what was taken first."""
    numbered = sorted(_numbered(candidates), key=lambda item: _reading_order(item[0]))
    return tuple(_described(one, part) for one, part in numbered)


def chosen_stacks(candidates: Iterable[Candidate]) -> dict[StackKey, Stack]:
    """How the slices of each series that is taken lie, by `stack_key` of its description."""
    return {
        (one.uid, part, one.files): one.stack
        for one, part in _numbered(candidates)
        if one.chosen and one.stack
    }


def stack_key(series: Series) -> StackKey:
    """What tells the volumes of a study apart."""
    return (series.uid, series.part, series.files)


def _numbered(candidates: Iterable[Candidate]) -> list[tuple[Candidate, int]]:
    """Each with its number among those of the same files and UID."""
    counted: Counter[tuple[str, tuple[Path, ...]]] = Counter()
    numbered = []
    for one in candidates:  # in the order of `group_frames`, which `load` may repeat
        numbered.append((one, counted[one.uid, one.files]))
        counted[one.uid, one.files] += 1
    return numbered


def _reading_order(one: Candidate) -> tuple[int, bool, float, str]:
    points = one.score.points if one.score else 0.0
    return (list(Role).index(one.role), not one.chosen, -points, one.uid)


def _described(candidate: Candidate, part: int) -> Series:
    first = candidate.headers[0]
    facts = mr_facts(candidate.headers) if candidate.role is Role.MR else None
    reasons = candidate.score.reasons if candidate.score else ()
    if facts:
        reasons = (f"{facts.title} ({'; '.join(facts.evidence)})",)
    return Series(
        uid=candidate.uid,
        modality=first.modality or "",
        role=candidate.role,
        description=first.description,
        chosen=candidate.chosen,
        reason=candidate.refusal or ", ".join(reasons),
        n_instances=len(candidate.headers),
        files=candidate.files,
        frame_of_reference_uid=first.frame_of_reference_uid,
        score=round(candidate.score.points, 1) if candidate.score else None,
        part=part,
        n_missing=len(candidate.stack.missing) if candidate.stack else 0,
        mr=facts,
    )


def _instance_order(header: Header) -> tuple[str, int]:
    return (header.sop_instance_uid or "", header.frame)


def _candidate(group: tuple[Header, ...], settings: IntakeSettings) -> Candidate:
    role = role_of(group[0])
    refusal = why_refused(group[0])
    if refusal:
        return Candidate(headers=group, role=role, refusal=refusal)
    try:
        stack = stack_slices(group, settings)
    except InputError as error:
        return Candidate(headers=group, role=role, refusal=str(error), error=error)
    return Candidate(headers=group, role=role, stack=stack)


def _choose_pet(
    pets: list[Candidate], settings: IntakeSettings, wanted: str | None
) -> tuple[list[Candidate], InputError | None]:
    scored = [
        replace(one, score=score_pet(one.stack, settings.choice)) if one.stack else one
        for one in pets
    ]
    able = sorted((one for one in scored if one.can_serve), key=_best_first)
    if wanted:
        able = [one for one in able if one.uid == wanted]
    problem = _why_no_pet(scored, wanted) if not able else _why_tied(able, settings)
    if problem:
        return scored, problem
    best = able[0]
    scored = [one if one is best else _beside_patient(one, best) for one in scored]
    return [_against(one, best) for one in scored], None


def _beside_patient(one: Candidate, pet: Candidate | None) -> Candidate:
    why = why_not_his(one.headers[0], pet.headers[0]) if pet else None
    return replace(one, refusal=why) if why else one


def _against(one: Candidate, best: Candidate) -> Candidate:
    if one is best:
        return replace(one, chosen=True)
    if not one.can_serve or one.score is None or best.score is None:
        return one
    words = ", ".join(one.score.reasons)
    refusal = f"{words}: {one.score.points:.0f} points against {best.score.points:.0f}"
    return replace(one, refusal=refusal)


def _best_first(one: Candidate) -> tuple[float, str]:
    return (-(one.score.points if one.score else 0.0), one.uid)


def _why_no_pet(pets: list[Candidate], wanted: str | None) -> InputError:
    if wanted:
        named = [one for one in pets if one.uid == wanted]
        why = f"it is refused: {named[0].refusal}" if named else "no PET series has this UID"
        return SeriesNotFound(f"--pet-series {wanted}: {why}")
    if not pets:
        return SeriesNotFound("no PET series among the files; expected one")
    broken = [one for one in pets if one.error]
    kind = type(broken[0].error) if broken and broken[0].error else SeriesNotFound
    lines = "".join(f"\n  {one.uid}: {one.refusal}" for one in pets)
    return (kind if issubclass(kind, InputError) else IncompleteSeries)(
        f"none of {len(pets)} PET series can be used:{lines}"
    )


def _why_tied(able: list[Candidate], settings: IntakeSettings) -> InputError | None:
    several = why_several(one.headers[0] for one in able)
    if several:
        return several
    days = {(one.headers[0].acquired or "")[:8] for one in able}
    best = able[0].score.points if able[0].score else 0.0
    margin = settings.choice.tie_margin
    near = [one for one in able if one.score and best - one.score.points < margin]
    if len(days) > 1:
        near, why = able, f"PET series of {len(days)} different days"
    elif len(near) > 1:
        why = f"{len(near)} PET series serve equally well"
    else:
        return None
    lines = "".join(
        f"\n  {one.uid}: {one.headers[0].description!r}, {', '.join(one.score.reasons)}"
        for one in near
        if one.score
    )
    return AmbiguousSeries(f"{why}; pick one with --pet-series UID:{lines}")


def _choose_ct(
    cts: list[Candidate], pet: Candidate | None, settings: IntakeSettings
) -> list[Candidate]:
    if pet is None or pet.stack is None:
        return cts
    judged = [_beside(one, pet, settings) for one in cts]
    able = sorted((one for one in judged if one.can_serve), key=_best_first)
    return [_against(one, able[0]) for one in judged] if able else judged


def _beside(one: Candidate, pet: Candidate, settings: IntakeSettings) -> Candidate:
    """The CT scored beside the chosen PET, or refused because it does not belong to it."""
    if one.stack is None or pet.stack is None or one.refusal:
        return one
    if one.headers[0].frame_of_reference_uid != pet.headers[0].frame_of_reference_uid:
        return replace(one, refusal="another frame of reference (0020,0052) than the PET")
    days = {(each.headers[0].acquired or "")[:8] for each in (one, pet)}
    if len(days - {""}) > 1:
        return replace(one, refusal="acquired on another day than the PET")
    return replace(one, score=score_ct(one.stack, pet.stack, settings.choice))
