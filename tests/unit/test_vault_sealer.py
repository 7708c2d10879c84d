"""Recordings reach the vault whole, whatever dies on the way, and nothing stays in clear."""

import asyncio
import fcntl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.vault.claim import Claim, claims
from clinicpbx.adapters.vault.envelope import CHUNK, TAG
from clinicpbx.adapters.vault.letterbox import AUDIO, META, PART, Letterbox
from clinicpbx.adapters.vault.message import Message, State
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.adapters.vault.sealer import NothingRecorded, SealingFailed, SealJob, being_written, follow
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.adapters.vault.sweep import seal_left
from clinicpbx.private import Private
from tests.support.marks import assert_nothing_in_clear, tone
from tests.support.plaintext import traces
from tests.support.vaults import CALLER, NUMBER, a_message, claim, killed_at, make_vault, record, sweep

pytestmark = pytest.mark.unit

FLUSH = 32 * 1024
SOUND = tone(9.3)
Checkpoint = Callable[[str], None]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return make_vault(tmp_path / "home")


def grow(path: Path, piece: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(piece)


def chunks_on_disk(vault: Vault) -> int:
    return vault.path("8100", "m1", PART).stat().st_size // (CHUNK + TAG)


def whole_and_alone(vault: Vault, sound: bytes = SOUND) -> Message:
    """The one message there is, after checking that all of it is there and nothing else."""
    listing = vault.list("8100")
    assert listing.damaged == ()
    assert plain_of(vault, "8100", "m1") == sound
    there = {path.name for path in (vault.instance.vault / "8100").iterdir()}
    assert there - {"m1.heard"} == {"m1.cpx", "m1.meta"}
    assert_nothing_in_clear(vault.instance, sound, NUMBER, CALLER, tmpfs_too=True)
    return listing.messages[0]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_a_finished_recording_is_sealed_whole(vault: Vault, size: int) -> None:
    record(vault, "rec.1.1", SOUND[:1] * size)
    sealed = SealJob(vault, claim(vault)).finish()
    assert sealed == replace(a_message(), duration=timedelta(seconds=size / 8000))
    assert vault.list("8100").messages == (sealed,)
    assert plain_of(vault, "8100", "m1") == SOUND[:1] * size
    assert list(vault.instance.clear.rglob("*.*")) == []


def test_a_growing_recording_is_sealed_as_it_grows(vault: Vault) -> None:
    job = SealJob(vault, claim(vault))
    assert job.step() == 0
    path = record(vault, "rec.1.1", b"")
    for start in range(0, len(SOUND), FLUSH):
        grow(path, SOUND[start : start + FLUSH])
        job.step()
        assert chunks_on_disk(vault) >= (path.stat().st_size - 1) // CHUNK
        assert vault.list("8100").messages == ()
    job.finish()
    assert whole_and_alone(vault).duration == timedelta(seconds=len(SOUND) / 8000)


def test_what_became_known_while_it_was_recorded_is_kept(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    job = SealJob(vault, Claim.on(vault.instance, "rec.1.1", replace(a_message(), number=None)))
    job.step()
    job.amend(number=Private(NUMBER), confirmed=True)
    job.finish()
    assert whole_and_alone(vault) == replace(a_message(confirmed=True), duration=timedelta(seconds=9.3))


def test_finishing_twice_is_once(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    job = SealJob(vault, claim(vault))
    first = job.finish()
    vault.mark_heard("8100", "m1")
    assert SealJob(vault, claim(vault)).finish() == replace(first, state=State.HEARD)
    assert whole_and_alone(vault).state is State.HEARD


def test_what_was_learned_after_a_sweep_had_sealed_it_is_kept(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    job = SealJob(vault, Claim.on(vault.instance, "rec.1.1", replace(a_message(), number=None)))
    sweep(vault)
    record(vault, "rec.1.1", SOUND)
    job.amend(number=Private(NUMBER))
    job.finish()
    assert whole_and_alone(vault).number == Private(NUMBER)


def test_a_dropped_recording_leaves_nothing(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    job = SealJob(vault, claim(vault))
    job.step()
    job.drop()
    assert vault.list("8100").messages == ()
    assert [
        path for path in vault.instance.home.rglob("*") if path.suffix in {AUDIO, META, PART, ".ulaw", ".json"}
    ] == []


def test_a_recording_that_never_began_is_no_message(vault: Vault) -> None:
    job = SealJob(vault, claim(vault))
    with pytest.raises(NothingRecorded):
        job.finish()


def test_two_jobs_never_seal_one_message_at_once(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    first = SealJob(vault, claim(vault))
    first.step()
    with pytest.raises(SealingFailed):
        SealJob(vault, claim(vault)).step()
    first.finish()
    whole_and_alone(vault)


def test_a_job_that_waited_does_not_cut_what_another_has_named(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    record(vault, "rec.1.1", SOUND)
    first, second = SealJob(vault, claim(vault)), SealJob(vault, claim(vault))
    first.step()
    flock = fcntl.flock

    def first_finishes(opened: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        first.finish()
        flock(opened, operation)

    monkeypatch.setattr(fcntl, "flock", first_finishes)
    with pytest.raises(SealingFailed):
        second.step()
    assert plain_of(vault, "8100", "m1") == SOUND


def seal_in_steps(vault: Vault, checkpoint: Checkpoint) -> None:
    job = SealJob(vault, claim(vault), checkpoint=checkpoint)
    path = record(vault, "rec.1.1", b"")
    for start in range(0, len(SOUND), FLUSH):
        grow(path, SOUND[start : start + FLUSH])
        job.step()
    (vault.instance.home / "recorded").touch()
    job.finish()


def test_killed_anywhere_then_swept_it_is_whole_and_out_of_the_clear(tmp_path: Path) -> None:
    for nth in range(100):
        vault = make_vault(tmp_path / str(nth))
        killed = killed_at(nth, lambda checkpoint, vault=vault: seal_in_steps(vault, checkpoint))
        if not killed:
            break
        assert_nothing_in_clear(vault.instance, SOUND, NUMBER, CALLER)
        if not (vault.instance.home / "recorded").exists():
            record(vault, "rec.1.1", SOUND)  # Asterisk went on recording, to the end
        sweep(vault)
        assert replace(whole_and_alone(vault), duration=timedelta(0)) == a_message()
        assert sweep(vault).sealed == []
    assert 12 < nth < 99


def test_the_sweep_killed_anywhere_is_only_repeated(tmp_path: Path) -> None:
    for nth in range(100):
        vault = make_vault(tmp_path / str(nth))
        killed_at(5, lambda checkpoint, vault=vault: seal_in_steps(vault, checkpoint))
        record(vault, "rec.1.1", SOUND)
        killed = killed_at(nth, lambda checkpoint, vault=vault: sweep(vault, checkpoint=checkpoint))
        sweep(vault)
        whole_and_alone(vault)
        if not killed:
            break
    assert 5 < nth < 99


def test_of_a_hundred_messages_nothing_is_in_clear(vault: Vault) -> None:
    for n in range(100):
        record(vault, f"rec.{n}.1", SOUND[n * 80 :][:20000])
        SealJob(vault, claim(vault, f"rec.{n}.1", id=f"m{n}")).finish()
    assert vault.counts("8100") == (100, 0)
    assert traces(vault.instance, SOUND[16000:16064]) == []
    assert_nothing_in_clear(vault.instance, SOUND, NUMBER, CALLER, tmpfs_too=True)
    assert all(plain_of(vault, "8100", f"m{n}") == SOUND[n * 80 :][:20000] for n in range(100))


def power_lost(vault: Vault) -> None:
    """The tmpfs is empty."""
    for path in sorted(vault.instance.clear.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    vault.instance.recordings.mkdir(parents=True)


def cut_at(vault: Vault, size: int) -> None:
    job = SealJob(vault, claim(vault))
    record(vault, "rec.1.1", SOUND[:size])
    job.step()
    job.close()
    power_lost(vault)


@pytest.mark.parametrize("size", [CHUNK + 1, FLUSH, FLUSH + 1, len(SOUND)])
def test_after_a_loss_of_power_what_was_sealed_is_a_truncated_message(vault: Vault, size: int) -> None:
    cut_at(vault, size)
    swept = sweep(vault)
    kept = SOUND[: (size - 1) // CHUNK * CHUNK]
    assert [m.truncated for m in swept.recovered] == [True]
    message = whole_and_alone(vault, kept)
    assert message == a_message(truncated=True, duration=timedelta(seconds=len(kept) / 8000))


def test_a_torn_last_chunk_costs_only_itself(vault: Vault) -> None:
    cut_at(vault, 3 * CHUNK + 1)
    part = vault.path("8100", "m1", PART)
    part.write_bytes(part.read_bytes()[:-100])
    sweep(vault)
    assert len(plain_of(vault, "8100", "m1")) == 2 * CHUNK


def test_power_lost_before_the_first_chunk_keeps_who_called(vault: Vault) -> None:
    cut_at(vault, 100)
    sweep(vault)
    message = vault.message("8100", "m1")
    assert (message.number, message.truncated, message.duration) == (Private(NUMBER), True, timedelta(0))


def test_recovery_killed_anywhere_is_only_repeated(tmp_path: Path) -> None:
    for nth in range(20):
        vault = make_vault(tmp_path / str(nth))
        cut_at(vault, len(SOUND))
        killed = killed_at(nth, lambda checkpoint, vault=vault: sweep(vault, checkpoint=checkpoint))
        sweep(vault)
        assert whole_and_alone(vault, SOUND[: (len(SOUND) - 1) // CHUNK * CHUNK]).truncated
        if not killed:
            break
    assert nth == 3


def test_a_damaged_part_is_reported_and_left(vault: Vault) -> None:
    cut_at(vault, 4 * CHUNK + 1)
    part = vault.path("8100", "m1", PART)
    content = bytearray(part.read_bytes())
    content[-3 * CHUNK] ^= 1
    part.write_bytes(bytes(content))
    assert [error.exit_code for error in sweep(vault).damaged] == [65]
    assert part.exists()


def test_the_fallback_dialplans_recordings_are_sealed_too(vault: Vault) -> None:
    record(vault, "fallback/8100/pbx-1772366400.9", SOUND)
    record(vault, "fallback/8100/pbx-1772366400.10", b"")
    [message] = sweep(vault).sealed
    assert (message.call, message.mailbox, message.id) == ("pbx-1772366400.9", "8100", "pbx-1772366400.9.fallback")
    assert message.number is message.caller is None
    assert vault.counts("8100") == (1, 0)
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)


def test_a_recording_nobody_claimed_is_not_lost(vault: Vault) -> None:
    record(vault, "pbx-1772366400.9.3.1", SOUND)
    [message] = sweep(vault).sealed
    assert (message.mailbox, message.call) == ("unclaimed", "pbx-1772366400.9")


def test_a_live_recording_is_left_alone(vault: Vault) -> None:
    path = record(vault, "rec.1.1", SOUND)
    SealJob(vault, claim(vault)).close()
    assert sweep(vault, live=["rec.1.1"]).sealed == []
    with path.open("ab"):
        assert being_written(path)
        assert sweep(vault).sealed == []
    assert not being_written(path)
    assert [c.message.id for c in claims(vault.instance)] == ["m1"]
    assert len(sweep(vault).sealed) == 1
    whole_and_alone(vault)


def test_one_bad_recording_does_not_stop_the_others(vault: Vault) -> None:
    record(vault, "fallback/-bad/1.1", SOUND)
    record(vault, "fallback/8100/1.2", SOUND)
    swept = seal_left(vault)
    assert [m.call for m in swept.sealed] == ["1.2"]
    assert len(swept.left) == 1


def test_a_deleted_message_does_not_come_back(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    SealJob(vault, claim(vault)).finish()
    vault.delete("8100", "m1")
    record(vault, "rec.1.1", SOUND)
    SealJob(vault, claim(vault)).finish()
    assert vault.list("8100").messages == ()
    assert not vault.path("8100", "m1", AUDIO).exists()
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)


def test_a_deletion_cut_off_is_ended_when_the_vault_starts(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    SealJob(vault, claim(vault)).finish()
    vault.path("8100", "m1", ".gone").write_bytes(b"{}")
    assert vault.list("8100").messages == ()
    assert vault.counts("8100") == (0, 0)
    vault.settle()
    assert not vault.path("8100", "m1", AUDIO).exists()
    assert list(vault.instance.message_keys.rglob("*.key")) == []


def test_sealed_without_the_root_key_and_without_any_key_that_opens(vault: Vault) -> None:
    away = vault.instance.home.with_name("away")
    away.mkdir()
    (vault.instance.keys / "root.key").rename(away / "root.key")
    vault.instance.vault_keys.rename(away / "vault")
    record(vault, "rec.1.1", SOUND)
    letterbox = Letterbox(vault.instance)
    job = SealJob(letterbox, claim(vault))
    job.step()
    job.finish()
    assert letterbox.counts("8100") == (1, 0)
    assert_nothing_in_clear(vault.instance, SOUND, NUMBER, CALLER, tmpfs_too=True)
    (away / "root.key").rename(vault.instance.keys / "root.key")
    (away / "vault").rename(vault.instance.vault_keys)
    whole_and_alone(vault)


def test_without_any_public_key_the_recording_waits_in_the_tmpfs(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND)
    public = vault.instance.public_keys
    public.rename(public.with_name("away"))
    job = SealJob(vault, claim(vault))
    with pytest.raises(KeyRefused):
        job.finish()
    assert [type(error) for error in sweep(vault).left] == [KeyRefused]
    assert (vault.instance.recordings / "rec.1.1.ulaw").read_bytes() == SOUND
    assert_nothing_in_clear(vault.instance, SOUND, NUMBER)
    public.with_name("away").rename(public)
    job.finish()
    whole_and_alone(vault)


async def test_followed_in_threads(vault: Vault) -> None:
    path = record(vault, "rec.1.1", SOUND[:FLUSH])
    job, ended = SealJob(vault, claim(vault)), asyncio.Event()
    following = asyncio.create_task(follow(job, ended, timedelta(milliseconds=1)))
    while not vault.path("8100", "m1", PART).exists() or chunks_on_disk(vault) < 1:
        await asyncio.sleep(0)
    grow(path, SOUND[FLUSH:])
    while chunks_on_disk(vault) < 4:
        await asyncio.sleep(0)
    ended.set()
    await following
    job.finish()
    whole_and_alone(vault)
