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
import copy
import itertools
import math
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.inference.bundle import load_bundle
from oligocount.inference.fine import load_fine, spread
from oligocount.inference.network import build_network
from oligocount.learn.export import copy_bundle, replace_weights
from oligocount.learn.from_phantom import to_sample
from oligocount.learn.losses import body_lesion_loss, organ_loss
from oligocount.learn.networks import lesion_network
from oligocount.learn.planting import PlantSettings, plant_lesions
from oligocount.learn.recipes import lesion_recipe, organ_recipe
from oligocount.learn.tasks import groups_of
from oligocount.learn.warp import WarpSettings, random_matrix
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import simulate
from oligocount.version import __version__

SPACING_MM, CALM_MM = 4.0, 10.0
AIR_HU = -1000.0
NAMES = load_vocabulary().network
SIDE = 32  # voxels: every side of a view is a multiple
PLANTED = PlantSettings(
    mean_count=6.0, radius_median_mm=9.0, radius_gsd=2.1, suv_median=5.5, suv_range=(1.8, 45.0),
    min_contrast=1.7,
)  # fmt: skip
WARP = WarpSettings(mirror_share=0.0, elastic_sd_voxels=2.4)
HELD = 2500  # phantoms: as many are seen again while no new one is ready (21 MB each)

Phantom = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # SUV, HU, organs, lesions
View = tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor, torch.Tensor]


# ---- phantoms, on the processors


def simulated(out: "multiprocessing.Queue[Phantom]", first: int, step: int) -> None:
    """Every `step`-th phantom from a seed on, for ever."""
    torch.set_num_threads(1)
    seed = first
    while True:
        out.put(phantom(seed))
        seed += step


def phantom(seed: int) -> Phantom:
    """The box of a body as SUV, HU, organ numbers and lesion numbers, some lesions planted."""
    sample = to_sample(simulate(seed, spacing_mm=SPACING_MM), SPACING_MM)
    if sample.suv is None or sample.ct is None or sample.organs is None or sample.lesions is None:
        raise ValueError("a phantom has everything")
    rng = np.random.default_rng((seed, 77))
    suv = torch.from_numpy(sample.suv.astype(np.float32))
    ct = torch.from_numpy(sample.ct.astype(np.float32))
    lesions = sample.lesions.astype(np.uint8)
    if rng.random() < 0.6:
        allowed = (suv > 0.15) & (torch.from_numpy(sample.organs) != NAMES.index("brain") + 1)
        suv, ct, planted = plant_lesions(
            suv, ct, torch.zeros_like(suv), allowed, spacing_mm=SPACING_MM, rng=rng,
            settings=PLANTED,
        )  # fmt: skip
        extra, _ = ndimage.label(planted.numpy() > 0)
        new = (extra > 0) & (lesions == 0)
        lesions[new] = np.minimum(extra[new] + int(lesions.max()), 255)
    where = np.argwhere(sample.organs > 0)
    low, high = np.maximum(where.min(axis=0) - 10, 0), where.max(axis=0) + 11
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))

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


class Views:
    """Draws views of phantoms on a device."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self.device = device
        self.generator = torch.Generator(device=device).manual_seed(seed)

    def view(self, seen: Phantom, rng: np.random.Generator) -> View:
        """SUV, HU (either may be missing), organ and lesion numbers of a window, varied."""
        suv, ct, organs, lesions = seen
        window, centre = self._window(suv.shape, organs, rng)
        grid = self._grid(suv.shape, window, centre, rng)
        names = self._at(organs, grid, nearest=True, outside=0.0).round().long()
        numbers = self._at(lesions, grid, nearest=True, outside=0.0).round().long()
        uptake = self._vary_suv(self._at(suv, grid, nearest=False, outside=0.0), names, rng)
        density = self._vary_ct(self._at(ct, grid, nearest=False, outside=AIR_HU), names, rng)
        if rng.random() < 0.2:
            density = self._cut_off(density, rng)
        lost = rng.random()
        return None if lost > 0.9 else uptake, None if lost < 0.35 else density, names, numbers

    def halved(self, image: torch.Tensor | None) -> torch.Tensor | None:
        """The image on voxels twice as large, as a scan is brought there."""
        if image is None:
            return None
        return functional.avg_pool3d(self._blur(image, 0.5)[None, None], 2)[0, 0]

    def _window(
        self, shape: tuple[int, ...], organs: np.ndarray, rng: np.random.Generator
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        if rng.random() < 0.15:
            size = [int(n) * SIDE for n in rng.integers(1, 4, 3)]
            places = np.flatnonzero(organs.ravel()[::97])
            place = int(places[rng.integers(len(places))]) * 97
            return tuple(size), tuple(float(n) for n in np.unravel_index(place, shape))
        size = [int(np.ceil((n - 11) / SIDE)) * SIDE for n in shape]
        if rng.random() < 0.4:
            size[0] = int(rng.integers(min(3, size[0] // SIDE), size[0] // SIDE + 1)) * SIDE
        slack = max(0.0, shape[0] - 20 - size[0]) / 2
        k, j, i = np.array(shape) / 2 + rng.normal(0, 2, 3)
        return tuple(size), (float(k + rng.uniform(-slack, slack)), float(j), float(i))

    def _grid(
        self,
        shape: tuple[int, ...],
        window: tuple[int, ...],
        centre: tuple[float, ...],
        rng: np.random.Generator,
    ) -> torch.Tensor:
        matrix = torch.from_numpy(random_matrix(rng, WARP).T.astype(np.float32)).to(self.device)
        axes = [torch.arange(n, device=self.device) - (n - 1) / 2 for n in window]
        points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1) @ matrix
        drawn = rng.normal(0, WARP.elastic_sd_voxels, (1, 3, *[WARP.elastic_nodes] * 3))
        nodes = torch.from_numpy(drawn.astype(np.float32)).to(self.device)
        bent = functional.interpolate(nodes, window, mode="trilinear", align_corners=True)
        points = points + bent[0].permute(1, 2, 3, 0) + torch.tensor(centre, device=self.device)
        size = torch.tensor(shape, dtype=torch.float32, device=self.device)
        return ((2 * points + 1) / size - 1).flip(-1)[None]

    def _at(
        self, array: np.ndarray, grid: torch.Tensor, *, nearest: bool, outside: float
    ) -> torch.Tensor:
        image = torch.from_numpy(array).to(self.device).float() - outside
        mode = "nearest" if nearest else "bilinear"
        moved = functional.grid_sample(
            image[None, None], grid, mode=mode, padding_mode="zeros", align_corners=False
        )
        return moved[0, 0] + outside

    def _vary_suv(
        self, suv: torch.Tensor, organs: torch.Tensor, rng: np.random.Generator
    ) -> torch.Tensor:
        mild = rng.random() < 0.5
        gain = float(np.exp(rng.normal(0, 0.2 if mild else 0.3)))
        factors = np.exp(rng.normal(0, 0.2 if mild else 0.5, 256)).astype(np.float32)
        suv = suv * gain * torch.from_numpy(factors).to(self.device)[organs]
        suv = self._blur(suv, rng.uniform(0, 0.7))
        noise = self._blur(self._normal(suv), rng.uniform(0.3, 0.8))
        level = rng.uniform(0, 0.15 if mild else 0.35) / (noise.std() + 1e-6)
        return torch.clamp(suv + level * noise * torch.sqrt(suv.clamp(min=0) + 0.02), min=0)

    def _vary_ct(
        self, ct: torch.Tensor, organs: torch.Tensor, rng: np.random.Generator
    ) -> torch.Tensor:
        shifts = rng.normal(0, 12.0, 256).astype(np.float32)
        shifts[0] = 0
        ct = ct + torch.from_numpy(shifts).to(self.device)[organs]
        ct = self._blur(ct, rng.uniform(0, 0.7))
        ct = ct + rng.uniform(0, 70.0) * self._blur(self._normal(ct), rng.uniform(0, 0.5))
        return (ct * float(np.exp(rng.normal(0, 0.03))) + rng.normal(0, 8)).clamp(-1024, 3071)

    def _cut_off(self, image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        cut = image.clone()
        if rng.random() < 0.5:
            lost = int(len(image) * rng.uniform(0.05, 0.5))
            cut[slice(0, lost) if rng.random() < 0.5 else slice(len(image) - lost, None)] = AIR_HU
            return cut
        half = rng.uniform(200, 260) / SPACING_MM
        j, i = (
            torch.arange(n, device=self.device) - (n - 1) / 2 - rng.normal(0, 20) / SPACING_MM
            for n in image.shape[1:]
        )
        cut[:, j[:, None] ** 2 + i[None] ** 2 > half**2] = AIR_HU
        return cut

    def _blur(self, image: torch.Tensor, sigma: float) -> torch.Tensor:
        if sigma < 0.25:
            return image
        radius = max(1, int(np.ceil(2.5 * sigma)))
        steps = torch.arange(-radius, radius + 1, dtype=torch.float32, device=self.device)
        kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
        out = image[None, None]
        for axis in range(3):
            shape, pad = [1] * 5, [0, 0, 0]
            shape[2 + axis], pad[axis] = len(steps), radius
            out = functional.conv3d(out, (kernel / kernel.sum()).reshape(shape), padding=pad)
        return out[0, 0]

    def _normal(self, like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=self.generator, device=self.device)


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


class Learner:
    """A network that learns, and the average of its weights."""

    def __init__(
        self, network: torch.nn.Module, rate: float, device: torch.device, decay: float = 0.997
    ) -> None:
        self.network, self.rate, self.decay = network.to(device), rate, decay
        self.average = copy.deepcopy(self.network).eval().requires_grad_(requires_grad=False)
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4)
        self.steps = 0
        self.losses: list[torch.Tensor] = []

    def step(
        self, seen: torch.Tensor, loss: Callable[[torch.Tensor], torch.Tensor], share: float
    ) -> torch.Tensor:
        """One step at this share of the time; what the network put out before it."""
        warm = min(1.0, (self.steps + 1) / 100)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * min(1, share))))
        with torch.autocast(seen.device.type, dtype=torch.bfloat16):
            raw = self.network(seen)
        out: torch.Tensor = raw.float()
        value = loss(out)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.steps += 1
            decay = min(self.decay, self.steps / (self.steps + 10))
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now.detach(), 1 - decay)
            self.losses.append(value.detach())
        return out.detach()

    @torch.no_grad()
    def chances(self, seen: torch.Tensor) -> torch.Tensor:
        """What the average says: probabilities of the classes."""
        with torch.autocast(seen.device.type, dtype=torch.bfloat16):
            out: torch.Tensor = self.average(seen)
        return torch.softmax(out.float(), dim=1)

    def told(self) -> str:
        """Steps so far, and the mean of the last losses."""
        last = torch.stack(self.losses[-60:]).mean() if self.losses else float("nan")
        return f"{self.steps} steps, loss {float(last):.3f}"

    def state(self) -> dict[str, object]:
        """What a run that goes on needs."""
        return {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "steps": self.steps,
        }  # fmt: skip

    def take_up(self, held: dict) -> None:
        """Go on from such a state."""
        self.network.load_state_dict(held["network"])
        self.average.load_state_dict(held["average"])
        self.optimiser.load_state_dict(held["optimiser"])
        self.steps = held["steps"]


def learners(device: torch.device) -> dict[str, Learner]:
    """The shipped organ network, and a fresh one for lesions."""
    shipped = load_bundle(shipped_folder("models") / "organs_ct", device=torch.device("cpu"))
    lesion = fresh(lesion_network())
    last(lesion).bias.data.fill_(-3.0)  # few voxels are lesions
    return {
        "organs": Learner(shipped.network.train(), 1e-3, device),
        "lesions": Learner(lesion, 2e-3, device),
    }


def shipped_fine(device: torch.device) -> torch.nn.Module:
    """The shipped fine network, which learns no more here."""
    fine = load_fine(shipped_folder("models") / "organs_ct", device=device)
    if fine is None:
        raise ValueError("organs_ct holds no fine network")
    return fine.corrected.to(device).requires_grad_(requires_grad=False)


def fresh(definition: dict) -> torch.nn.Module:
    """An untrained network."""
    return build_network({"network_def": definition}, name="fresh", trusted=False)


def last(network: torch.nn.Module) -> torch.nn.Conv3d:
    """Its last convolution."""
    return [one for one in network.modules() if isinstance(one, torch.nn.Conv3d)][-1]


def learn(
    by: dict[str, Learner],
    fine: torch.nn.Module,
    view: View,
    views: Views,
    share: float,
    *,
    blind: bool,
) -> None:
    """Steps of both networks on one view; `blind` to organs or not is that of lesions."""
    suv, ct, organs, lesions = view
    calm = None if suv is None else opened(suv)
    small = commonest(organs)
    coarse = channels(views.halved(calm), views.halved(ct), small)[None]
    by["organs"].step(coarse, lambda out: organ_loss(out, small[None]), share)
    if suv is None:
        return
    drawn = finer(fine, by["organs"].chances(coarse), channels(calm, ct, organs))
    groups = groups_of(NAMES).to(organs.device)[:, drawn] * float(not blind)
    knows = torch.full_like(groups[:1], float(not blind))
    seen = torch.cat([channels(suv, ct, organs), groups, knows])[None]
    for part in slabs(organs.shape[0], 128):
        true, uptake = lesions[part], suv[part]
        by["lesions"].step(
            seen[:, :, part],
            lambda out, true=true, uptake=uptake: body_lesion_loss(out, true, uptake),
            share,
        )


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
    torch.manual_seed(arguments.first_seed)
    by, fine, spent = learners(device), shipped_fine(device), 0.0
    state = arguments.work / "state.pt"
    if state.is_file():
        held = torch.load(state, map_location=device, weights_only=True)
        spent = held.pop("seconds")
        for name, one in by.items():
            one.take_up(held[name])
    _train(by, fine, arriving(made), state, spent, arguments, device)
    write(by, arguments.out)
    print(f"{arguments.out}: organs_ct and fdg_lesions; now fit organs_fine and the scorer to them")


def _train(
    by: dict[str, Learner],
    fine: torch.nn.Module,
    ready: "queue.Queue[Phantom]",
    state: Path,
    spent: float,
    arguments: argparse.Namespace,
    device: torch.device,
) -> None:
    began = time.monotonic() - spent
    saved, count = time.monotonic(), 0
    rng, views = (
        np.random.default_rng((arguments.first_seed, int(spent))),
        Views(device, arguments.first_seed),
    )
    held: list[Phantom] = []
    while (seconds := time.monotonic() - began) < 60 * arguments.minutes:
        try:
            seen = ready.get_nowait() if held else ready.get()
            held = [*held[-HELD + 1 :], seen]
        except queue.Empty:
            seen = held[int(rng.integers(len(held)))]
        share = seconds / (60 * arguments.minutes)
        learn(by, fine, views.view(seen, rng), views, share, blind=bool(rng.random() < 0.1))
        count += 1
        if count % 20 == 1:
            told = ", ".join(f"{name} {one.told()}" for name, one in by.items())
            print(f"{seconds:.0f} s, view {count}, {len(held)} phantoms: {told}", flush=True)
        if time.monotonic() - saved > 100:
            save(by, state, time.monotonic() - began)
            saved = time.monotonic()
    save(by, state, time.monotonic() - began)


def save(by: dict[str, Learner], state: Path, seconds: float) -> None:
    """The state lies in its file, whole or not at all."""
    state.parent.mkdir(parents=True, exist_ok=True)
    partial = state.with_suffix(".partial")
    torch.save({**{name: one.state() for name, one in by.items()}, "seconds": seconds}, partial)
    partial.rename(state)


def write(by: dict[str, Learner], out: Path) -> None:
    """Both bundles lie in `out`, with all that the shipped ones hold besides."""
    notes = f"Trained on by scripts/train_on_gpu.py of {__version__}."
    for recipe, name in ((organ_recipe(), "organs"), (lesion_recipe(), "lesions")):
        copy_bundle(shipped_folder("models") / recipe.name, out / recipe.name)
        replace_weights(
            out / recipe.name,
            by[name].average.state_dict(),
            {"network_def": recipe.config},
            recipe.facts,
            version=__version__,
            notes=notes,
        )


if __name__ == "__main__":
    main()
