"""Ring any free agent; which one follows from the call, so that the same call can be decided again."""

from collections.abc import Sequence
from hashlib import blake2b
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("random")
def random(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    drawn = blake2b(f"{turn.call} {turn.last}".encode(), digest_size=8).digest()
    return [sorted(candidates, key=attrgetter("name"))[int.from_bytes(drawn) % len(candidates)]]
