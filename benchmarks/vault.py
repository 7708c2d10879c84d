"""How fast the vault seals, opens, lists and keeps pace with a recording: `python -m benchmarks.vault --json`."""

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinicpbx.adapters.vault.claim import Claim
from clinicpbx.adapters.vault.envelope import CHUNK, Sealer, open_sealed, seal
from clinicpbx.adapters.vault.hear import forget, hear
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.letterbox import AUDIO
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.sealer import READ, SealJob
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.paths import Instance

MINUTE = 60 * 8000


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest of several runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def envelope_speed(vault: Vault, size: int) -> dict[str, float]:
    """MB/s on one core of suite 2, keys and all, in memory."""
    plain = os.urandom(size)
    sealed = seal(*vault.header("8100", "speed", AUDIO, datetime.now(UTC)), plain)

    def seal_all() -> None:
        sealer = Sealer(*vault.header("8100", "speed", AUDIO, datetime.now(UTC)))
        for start in range(0, size, READ):
            sealer.feed(plain[start : start + READ])
        sealer.finish()

    def open_all() -> None:
        for _ in open_sealed(io.BytesIO(sealed), lambda header: vault.key_for("8100", "speed", AUDIO, header)):
            pass

    sealing, opening = best(seal_all), best(open_all)
    return {"seal_mb_s": size / sealing / 1e6, "open_mb_s": size / opening / 1e6}


def made_vault(home: Path) -> Vault:
    """A vault with the keys of this month."""
    instance = Instance(home)
    make_root_key(instance)
    instance.recordings.mkdir(parents=True)
    vault = Vault(instance)
    vault.keyring.make_ahead(["8100"], datetime.now(UTC))
    return vault


def vault_speed(vault: Vault, messages: int) -> dict[str, float]:
    """Milliseconds of what a caller or a listener waits for, on this disk."""
    instance, at = vault.instance, datetime.now(UTC)

    def job(n: int) -> SealJob:
        message = Message(mailbox="8100", id=f"m{n}", call="c", received=at + timedelta(seconds=n))
        claim = Claim.on(instance, f"r{n}", message)
        claim.source.write_bytes(os.urandom(MINUTE))
        return SealJob(vault, claim)

    at_once, after_steps = [], []
    for n in range(10):
        sealing = job(n)
        start = time.perf_counter()
        sealing.finish()
        at_once.append(time.perf_counter() - start)
    for n in range(10, 20):
        sealing = job(n)
        sealing.step()
        start = time.perf_counter()
        sealing.finish()
        after_steps.append(time.perf_counter() - start)
    hearing = best(lambda: forget(instance, hear(vault, "8100", "m1")))
    for n in range(20, messages):
        message = Message(mailbox="8100", id=f"m{n}", call="c", received=at + timedelta(seconds=n))
        header, dek = vault.header("8100", message.id, AUDIO, message.received)
        vault.label(message)
        vault.path("8100", message.id, AUDIO).write_bytes(seal(header, dek, b""))
    return {
        "seal_one_minute_ms": sorted(at_once)[5] * 1e3,
        "finish_followed_minute_ms": sorted(after_steps)[5] * 1e3,
        "hear_one_minute_ms": hearing * 1e3,
        f"count_{messages}_ms": best(lambda: vault.counts("8100"), 3) * 1e3,
        f"list_{messages}_ms": best(lambda: Vault(instance).list("8100"), 3) * 1e3,
        f"list_{messages}_again_ms": best(lambda: vault.list("8100"), 3) * 1e3,
    }


def main() -> None:
    """Prints words, then one line of JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.vault", description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--folder", type=Path, help="measure on this disk instead of the temporary folder's")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        vault = made_vault(Path(folder))
        results = envelope_speed(vault, 64 * 1024 * 1024) | vault_speed(vault, 1000)
    rounded = {name: round(value, 2) for name, value in results.items()}
    if not given.json:
        for name, value in rounded.items():
            print(f"{name.replace('_', ' '):>28} {value:>10}")
    print(json.dumps({"benchmark": "vault", "chunk": CHUNK, **rounded}))


if __name__ == "__main__":
    main()
