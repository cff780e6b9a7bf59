"""Names the stage that runs and keeps the seconds that each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Tells `enter` each stage's name as it begins; `seconds` holds what the ended ones took."""

    def __init__(
        self, enter: Callable[[str], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._enter = enter
        self._clock = clock

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage, whether it ends well or not."""
        self._enter(name)
        begun = self._clock()
        try:
            yield
        finally:
            self.seconds[name] = round(self._clock() - begun, 3)
