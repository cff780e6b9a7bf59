"""Trains the first organ network and the voxel network of lesions together on a GPU, in minutes.

    python scripts/train_on_gpu.py --minutes 10 --work WORK -o BUNDLES

Phantoms are simulated on the processors meanwhile (training anatomies, 4 mm, lesions planted in
six of ten); a view of each is drawn on the GPU, as `oligocount train` draws it on a processor:
bent, with uptake, density, resolution and noise of its own, PET or CT taken away or cut short. From
one view both learn: organs on 8 mm, and lesions on 4 mm from the images and the map that the
shipped fine network makes of what the organ network's average weights say. WORK holds the state: a
run that was stopped goes on. In BUNDLES lie copies of the shipped organs_ct and fdg_lesions with
the new weights; `oligocount train organs_fine` and `train scorer` fit what comes after them.
"""

import argparse
import itertools
import math
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.inference.bundle import load_bundle
from oligocount.inference.fine import load_fine, spread
from oligocount.inference.network import build_network
from oligocount.learn.appearance import AppearanceSettings, cut_off, vary_ct, vary_suv
from oligocount.learn.candidate_rows import RowSettings
from oligocount.learn.export import copy_bundle, replace_weights
from oligocount.learn.fine_task import coarsened
from oligocount.learn.from_phantom import to_sample
from oligocount.learn.losses import body_lesion_loss, organ_loss
from oligocount.learn.planting import numbered, plant_lesions
from oligocount.learn.recipes import LESIONS, ORGANS, lesion_recipe, organ_recipe
from oligocount.learn.tasks import AIR_HU, body_box, groups_of
from oligocount.learn.training import LoopSettings, Loss, Run, save, start, step
from oligocount.learn.warp import WarpSettings, random_grid, sample_at
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import simulate
from oligocount.version import __version__

SPACING_MM, CALM_MM = 4.0, 10.0
NAMES = load_vocabulary().network
SIDE = 32  # voxels: every side of a view is a multiple
AROUND = 10  # voxels of air that a phantom keeps about its body
PLANTED = RowSettings().plant
WARP = WarpSettings(mirror_share=0.0, elastic_sd_voxels=2.4)
WIDE = AppearanceSettings(pet_noise_max=0.35, ct_noise_max_hu=70.0)
MILD = replace(WIDE, organ_gain_sd=0.2, global_gain_sd=0.2, pet_noise_max=0.15)
RATES = {ORGANS: 1e-3, LESIONS: 2e-3}
HELD = 2500  # phantoms: as many are seen again while no new one is ready (21 MB each)

Phantom = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # SUV, HU, organs, lesions
View = tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor, torch.Tensor]


# ---- phantoms, on the processors


def simulated(out: "multiprocessing.Queue[Phantom]", first: int, every: int) -> None:
    """Phantoms from a seed on, of each `every`-th seed, for ever."""
    torch.set_num_threads(1)
    for seed in itertools.count(first, every):
        out.put(phantom(seed))


def phantom(seed: int) -> Phantom:
    """The box of a body as SUV, HU, organ numbers and lesion numbers, some lesions planted."""
    sample = to_sample(simulate(seed, spacing_mm=SPACING_MM), SPACING_MM)
    if sample.suv is None or sample.ct is None or sample.organs is None or sample.lesions is None:
        raise ValueError("a phantom has everything")
    rng = np.random.default_rng((seed, 77))
    suv = torch.from_numpy(sample.suv.astype(np.float32))
    ct = torch.from_numpy(sample.ct.astype(np.float32))
    lesions = sample.lesions
    if rng.random() < 0.6:
        allowed = (suv > 0.15) & (torch.from_numpy(sample.organs) != NAMES.index("brain") + 1)
        suv, ct, planted = plant_lesions(
            suv, ct, torch.zeros_like(suv), allowed, spacing_mm=SPACING_MM, rng=rng,
            settings=PLANTED,
        )  # fmt: skip
        lesions = np.minimum(numbered(lesions, planted), 255)
    low, high = body_box(sample)
    box = tuple(
        slice(max(0, int(a) - AROUND), int(b) + AROUND + 1) for a, b in zip(low, high, strict=True)
    )

    def cut(array: np.ndarray, kind: type) -> np.ndarray:
        return np.ascontiguousarray(array[box].astype(kind))

    return (
        cut(suv.numpy(), np.float16), cut(np.rint(ct.numpy()), np.int16),
        cut(sample.organs, np.uint8), cut(lesions, np.uint8),
    )  # fmt: skip


def arriving(made: "multiprocessing.Queue[Phantom]") -> "queue.Queue[Phantom]":
    """Phantoms that are ready, taken from the processes that make them."""
    ready: queue.Queue[Phantom] = queue.Queue(maxsize=30)

    def carry() -> None:
        while True:
            ready.put(made.get())

    threading.Thread(target=carry, daemon=True).start()
    return ready


# ---- views, on the GPU


def view_of(seen: Phantom, rng: np.random.Generator, device: torch.device) -> View:
    """SUV, HU (either may be missing), organ and lesion numbers of a window, varied."""
    suv, ct, organs, lesions = seen
    window, centre = window_of(organs, rng)
    grid = random_grid(organs.shape, window, centre, rng, WARP, device=device)

    def at(array: np.ndarray, *, nearest: bool, outside: float) -> torch.Tensor:
        image = torch.from_numpy(array).to(device).float()
        return sample_at(image, grid, nearest=nearest, outside=outside)

    names = at(organs, nearest=True, outside=0.0).round().long()
    numbers = at(lesions, nearest=True, outside=0.0).round().long()
    look = MILD if rng.random() < 0.5 else WIDE
    uptake = vary_suv(at(suv, nearest=False, outside=0.0), names, rng, look)
    density = vary_ct(at(ct, nearest=False, outside=AIR_HU), names, rng, look)
    if rng.random() < 0.2:
        density = cut_off(density, rng, spacing_mm=SPACING_MM, outside=AIR_HU)
    lost = rng.random()
    return None if lost > 0.9 else uptake, None if lost < 0.35 else density, names, numbers


def window_of(
    organs: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    """Size and centre (voxels) of a whole body, a shorter scan of it, or a small box."""
    shape = organs.shape
    if rng.random() < 0.15:
        size = [int(n) * SIDE for n in rng.integers(1, 4, 3)]
        places = np.flatnonzero(organs.ravel()[::97])
        place = int(places[rng.integers(len(places))]) * 97
        k, j, i = (float(n) for n in np.unravel_index(place, shape))
        return (size[0], size[1], size[2]), (k, j, i)
    size = [int(np.ceil((n - AROUND - 1) / SIDE)) * SIDE for n in shape]
    if rng.random() < 0.4:
        size[0] = int(rng.integers(min(3, size[0] // SIDE), size[0] // SIDE + 1)) * SIDE
    slack = max(0.0, shape[0] - 2 * AROUND - size[0]) / 2
    k, j, i = np.array(shape) / 2 + rng.normal(0, 2, 3)
    return (size[0], size[1], size[2]), (float(k + rng.uniform(-slack, slack)), float(j), float(i))


def opened(suv: torch.Tensor) -> torch.Tensor:
    """The grey opening by a ball, as anatomy.calm has it."""
    reach = int(CALM_MM / SPACING_MM)
    near = range(-reach, reach + 1)
    offsets = [
        (a, b, c)
        for a in near
        for b in near
        for c in near
        if SPACING_MM * math.sqrt(a * a + b * b + c * c) <= CALM_MM
    ]

    def extreme(image: torch.Tensor, best: Callable[..., torch.Tensor]) -> torch.Tensor:
        wide = functional.pad(image[None, None], [reach] * 6, mode="replicate")[0, 0]
        out = image.clone()
        k, j, i = image.shape
        for a, b, c in offsets:
            part = wide[reach + a :, reach + b :, reach + c :][:k, :j, :i]
            best(out, part, out=out)
        return out

    return extreme(extreme(suv, torch.minimum), torch.maximum)


def commonest(labels: torch.Tensor) -> torch.Tensor:
    """Labels on voxels twice as large: the commonest of the eight in each."""
    k, j, i = (n // 2 for n in labels.shape)
    eight = labels.reshape(k, 2, j, 2, i, 2).permute(0, 2, 4, 1, 3, 5).reshape(k, j, i, 8)
    return eight.mode(-1).values


def channels(suv: torch.Tensor | None, ct: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """IMAGE_CHANNELS (5, k, j, i), as inference.channels fills them."""
    zero = torch.zeros(like.shape, device=like.device)
    return torch.stack(
        [
            zero if suv is None else torch.log1p(suv.clamp(min=0)),
            zero if ct is None else ct.clamp(-1000, 1500) / 1000,
            zero if ct is None else ct.clamp(-200, 250) / 200,
            zero + float(suv is not None),
            zero + float(ct is not None),
        ]
    )


# ---- networks


@dataclass(slots=True, kw_only=True, eq=False)
class Pupil:
    """A network that learns, with how it does."""

    run: Run
    loop: LoopSettings
    device: torch.device
    losses: list[float] = field(default_factory=list)

    def learn(self, seen: torch.Tensor, target: torch.Tensor, loss: Loss) -> None:
        """One step."""
        self.losses.append(step(self.run, (seen, target), loss, self.loop, self.device))

    @torch.no_grad()
    def chances(self, seen: torch.Tensor) -> torch.Tensor:
        """What the average of its weights says: probabilities of the classes."""
        with torch.autocast(seen.device.type, dtype=torch.bfloat16):
            out = torch.func.functional_call(self.run.network, self.run.average, (seen,))
        return torch.softmax(out.float(), dim=1)

    def told(self) -> str:
        """Steps so far, and the mean of the last losses."""
        return f"{self.run.step} steps, loss {np.mean(self.losses[-60:] or [np.nan]):.3f}"


def pupils(work: Path, device: torch.device, minutes: float, seed: int) -> dict[str, Pupil]:
    """The shipped organ network and a fresh one for lesions, or what WORK holds of them."""
    torch.manual_seed(seed)
    shipped = load_bundle(shipped_folder("models") / ORGANS, device=torch.device("cpu"))
    fresh = build_network({"network_def": lesion_recipe().config}, name=LESIONS, trusted=False)
    last(fresh).bias.data.fill_(-3.0)  # few voxels are lesions
    by = {}
    for name, network in ((ORGANS, shipped.network), (LESIONS, fresh)):
        loop = LoopSettings(minutes=minutes, learning_rate=RATES[name], average_decay=0.997)
        run = start(network.to(device), work / f"{name}.pt", loop)
        by[name] = Pupil(run=run, loop=loop, device=device)
    return by


def shipped_fine(device: torch.device) -> torch.nn.Module:
    """The shipped fine network, which learns no more here."""
    fine = load_fine(shipped_folder("models") / ORGANS, device=device)
    if fine is None:
        raise ValueError("organs_ct holds no fine network")
    return fine.corrected.to(device).requires_grad_(requires_grad=False)


def last(network: torch.nn.Module) -> torch.nn.Conv3d:
    """Its last convolution."""
    return [one for one in network.modules() if isinstance(one, torch.nn.Conv3d)][-1]


def learn(by: dict[str, Pupil], fine: torch.nn.Module, view: View, *, blind: bool) -> None:
    """Steps of both networks on one view; `blind` to organs or not is that of lesions."""
    suv, ct, organs, lesions = view
    calm = None if suv is None else opened(suv)
    small = commonest(organs)
    halves = (None if one is None else coarsened(one) for one in (calm, ct))
    coarse = channels(*halves, small)[None]
    by[ORGANS].learn(coarse, small[None], organ_loss)
    if suv is None:
        return
    drawn = finer(fine, by[ORGANS].chances(coarse), channels(calm, ct, organs))
    groups = groups_of(NAMES).to(organs.device)[:, drawn] * float(not blind)
    knows = torch.full_like(groups[:1], float(not blind))
    seen = torch.cat([channels(suv, ct, organs), groups, knows])[None]
    for part in slabs(organs.shape[0], 128):
        loss = partial(body_lesion_loss, suv=suv[part])
        by[LESIONS].learn(seen[:, :, part], lesions[part], loss)


@torch.no_grad()
def finer(fine: torch.nn.Module, chances: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The organ numbers (k, j, i) that a fine network draws, slab by slab."""
    drawn = []
    for part in slabs(own.shape[1], 96):
        below = spread(chances[:, :, part.start // 2 : part.stop // 2], 2)
        with torch.autocast(own.device.type, dtype=torch.bfloat16):
            out = fine(torch.cat([own[None, :, part], below], dim=1))
        drawn.append(out[0].argmax(dim=0))
    return torch.cat(drawn)


def slabs(depth: int, length: int) -> Iterator[slice]:
    """Stretches of about that length, which begin at multiples of eight."""
    count = max(1, round(depth / length))
    edges = [round(depth / count * n / 8) * 8 for n in range(count)] + [depth]
    return (slice(a, b) for a, b in itertools.pairwise(edges))


# ---- the run


def main() -> None:
    """Train until the time is up, and write the bundles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="in all (default 10)")
    parser.add_argument("--work", type=Path, required=True, help="holds the state")
    parser.add_argument("-o", "--out", type=Path, required=True, help="holds the bundles")
    parser.add_argument("--first-seed", type=int, default=3_000_000, help="of the phantoms")
    parser.add_argument("--workers", type=int, default=15, help="processes that simulate")
    parser.add_argument("--device", default="cuda", help="cuda or cpu (default cuda)")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("fork")  # before the GPU is touched
    made: multiprocessing.Queue[Phantom] = context.Queue(maxsize=2 * arguments.workers)
    for number in range(arguments.workers):
        first = arguments.first_seed + number
        context.Process(
            target=simulated, args=(made, first, arguments.workers), daemon=True
        ).start()
    device = torch.device(arguments.device)
    by = pupils(arguments.work, device, arguments.minutes, arguments.first_seed)
    _train(by, arriving(made), arguments)
    write(by, arguments.out)
    print(f"{arguments.out}: {ORGANS} and {LESIONS}; now fit organs_fine and the scorer to them")


def _train(
    by: dict[str, Pupil], ready: "queue.Queue[Phantom]", arguments: argparse.Namespace
) -> None:
    spent, device = by[ORGANS].run.seconds, by[ORGANS].device
    began, saved = time.monotonic() - spent, time.monotonic()
    rng, fine = np.random.default_rng((arguments.first_seed, int(spent))), shipped_fine(device)
    held: list[Phantom] = []
    for count in itertools.count():
        seconds = time.monotonic() - began
        for one in by.values():
            one.run.seconds = seconds
        if seconds >= 60 * arguments.minutes:
            break
        try:
            seen = ready.get_nowait() if held else ready.get()
            held = [*held[-HELD + 1 :], seen]
        except queue.Empty:
            seen = held[int(rng.integers(len(held)))]
        learn(by, fine, view_of(seen, rng, device), blind=bool(rng.random() < 0.1))
        if count % 20 == 0:
            told = ", ".join(f"{name} {one.told()}" for name, one in by.items())
            print(f"{seconds:.0f} s, view {count + 1}, {len(held)} phantoms: {told}", flush=True)
        if time.monotonic() - saved > by[ORGANS].loop.checkpoint_every_s:
            keep(by, arguments.work)
            saved = time.monotonic()
    keep(by, arguments.work)


def keep(by: dict[str, Pupil], work: Path) -> None:
    """What each network has learned lies in WORK."""
    for name, one in by.items():
        save(one.run, work / f"{name}.pt")


def write(by: dict[str, Pupil], out: Path) -> None:
    """Both bundles lie in `out`, with all that the shipped ones hold besides."""
    notes = f"Trained on by scripts/train_on_gpu.py of {__version__}."
    for recipe in (organ_recipe(), lesion_recipe()):
        folder = out / recipe.name
        copy_bundle(shipped_folder("models") / recipe.name, folder)
        replace_weights(
            folder, by[recipe.name].run.average, {"network_def": recipe.config}, recipe.facts,
            version=__version__, notes=notes,
        )  # fmt: skip


if __name__ == "__main__":
    main()
