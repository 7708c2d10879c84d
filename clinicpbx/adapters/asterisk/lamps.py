"""Message lamps: empty messages in the mailboxes Asterisk polls, as many as the vault holds."""

from pathlib import Path

from clinicpbx.paths import Instance

CONTEXT = "cpbx"
MOST = 99


def set_lamp(instance: Instance, mailbox: str, new: int, heard: int) -> None:
    """Makes Asterisk's mailbox `MAILBOX@cpbx` count *new* unread and *heard* old messages, at most 99 of each.

    app_voicemail (pollmailboxes) counts files `msgNNNN.txt`; no sound is beside them. Going from one count to
    another only adds or only removes, so a poll in between sees a number between the two.
    """
    if not mailbox or mailbox.startswith(".") or "/" in mailbox or "\0" in mailbox:
        raise ValueError("no name of a mailbox")
    if new < 0 or heard < 0:
        raise ValueError("counts are not negative")
    folder = instance.clear / "voicemail" / CONTEXT / mailbox
    _count(folder / "INBOX", min(new, MOST))
    _count(folder / "Old", min(heard, MOST))


def _count(folder: Path, wanted: int) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wished = {f"msg{number:04}.txt" for number in range(wanted)}
    there = {path.name for path in folder.glob("msg*.txt")}
    for name in sorted(wished - there):
        (folder / name).touch(mode=0o600)
    for name in sorted(there - wished, reverse=True):
        (folder / name).unlink(missing_ok=True)
