"""Messages heard at a phone, as whole calls."""

import pytest

from tests.support.books import book
from tests.support.tape import call, check

pytestmark = pytest.mark.scenario


def outcome(tape):
    return next(note.detail["outcome"] for note in tape.notes if note.kind == "ended")


def test_messages_are_heard_repeated_and_deleted():
    check(call(book(), "code-voicemail", "201"), """
         0  | call             | answer, play sound:vm-password
         1  | keys 12          | stop
         2  | keys 34          | -
         3  | key #            | open frontdesk with 1234
         3  | mailbox opens m1 old2 | play sound:vm-youhave+number:1+sound:vm-INBOX+sound:vm-message
         5  | prompt ends      | fetch m1
         5  | message m1 ready | play sound:/clear/m1
         9  | key *            | stop, play sound:/clear/m1
        15  | prompt ends      | mark m1, play mailbox-keys
        17  | key 7            | stop, delete m1, fetch old2
        17  | message old2 ready | play sound:/clear/old2
        19  | key #            | stop, mark old2, play sound:vm-nomore+sound:vm-goodbye
        22  | prompt ends      | hangup
    """)  # fmt: skip


def test_three_wrong_codes_end_the_call():
    check(call(book(), "code-voicemail", "201"), """
         0  | call                   | answer, play sound:vm-password
         1  | keys 9#                | stop, open frontdesk with 9
         1  | mailbox refuses wrong  | play sound:vm-incorrect+sound:vm-password
         4  | keys 8#                | stop, open frontdesk with 8
         4  | mailbox refuses wrong  | play sound:vm-incorrect+sound:vm-password
         8  | keys 7#                | stop, open frontdesk with 7
         8  | mailbox refuses wrong  | play sound:vm-goodbye
         9  | prompt ends            | hangup
    """)  # fmt: skip


def test_a_damaged_message_is_said_and_skipped():
    check(call(book(), "code-voicemail", "201"), """
         0  | call                 | answer, play sound:vm-password
         1  | keys 1#              | stop, open frontdesk with 1
         1  | mailbox opens m1 m2  | play sound:vm-youhave+number:2+sound:vm-INBOX+sound:vm-messages
         2  | key #                | stop, fetch m1
         2  | message m1 damaged   | play message-damaged
         5  | prompt ends          | fetch m2
    """)  # fmt: skip


def test_a_phone_without_a_mailbox():
    check(call(book(), "code-voicemail", "204"), """
         0  | call          | answer, play mailbox-none
         3  | prompt ends   | hangup
    """)  # fmt: skip


def test_a_mailbox_that_stays_shut():
    for happened, asked in (
        ("mailbox refuses locked", "play mailbox-locked"),
        ("mailbox refuses unreadable", "play mailbox-away"),
        ("adopted", "play sound:vm-password"),
        ("key 1", "-"),
    ):
        check(call(book(), "code-voicemail", "201"), f"""
             0  | call         | answer, play sound:vm-password
             3  | prompt ends  | -
             4  | keys 1#      | stop, open frontdesk with 1
             5  | {happened}   | {asked}
        """)  # fmt: skip


def test_a_code_without_pound_is_enough_and_no_code_is_not():
    check(call(book(), "code-voicemail", "201"), """
         0  | call              | answer, play sound:vm-password
         1  | adopted           | play sound:vm-password
         3  | prompt ends       | -
         4  | key *             | -
        11  | silence           | play sound:vm-goodbye
       131  | silence           | hangup
    """)  # fmt: skip
    check(call(book(), "code-voicemail", "201"), """
         0  | call              | answer, play sound:vm-password
         4  | key 1             | stop
        12  | silence           | open frontdesk with 1
        12  | mailbox opens     | play sound:vm-youhave+number:0+sound:vm-INBOX+sound:vm-messages
        13  | prompt fails      | play sound:vm-nomore+sound:vm-goodbye
        14  | key 1             | -
        15  | prompt ends       | hangup
    """)  # fmt: skip


def test_hearing_survives_a_gap_and_a_silent_listener():
    check(call(book(), "code-voicemail", "201"), """
         0  | call              | answer, play sound:vm-password
         4  | keys 1#           | stop, open frontdesk with 1
         4  | mailbox opens m1 m2 m3 | play sound:vm-youhave+number:3+sound:vm-INBOX+sound:vm-messages
         5  | place 1           | -
         6  | adopted           | fetch m1
         7  | adopted           | fetch m1
         8  | key 1             | -
         9  | message m1 ready  | play sound:/clear/m1
        10  | adopted           | fetch m1
        10  | message m1 ready  | play sound:/clear/m1
        12  | place 1           | -
        15  | prompt ends       | mark m1, play mailbox-keys
        18  | prompt ends       | -
        26  | silence           | stop, fetch m2
        26  | message m2 ready  | play sound:/clear/m2
       626  | silence           | stop, mark m2, fetch m3
       634  | silence           | play sound:vm-goodbye
    """)  # fmt: skip
