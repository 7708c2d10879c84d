"""What a phone that hears a message does with its item of the inbox."""

import pytest

from tests.support.books import book
from tests.support.tape import call, check

pytestmark = pytest.mark.scenario

HEARD = """
         0  | call             | answer, play sound:vm-password
         1  | keys 1#          | stop, open frontdesk with 1
         3  | mailbox opens m1 m2 | play sound:vm-youhave+number:2+sound:vm-INBOX+sound:vm-messages
         5  | prompt ends      | fetch m1
         5  | message m1 ready | play sound:/clear/m1
"""


def test_a_message_is_made_ones_own_called_back_and_closed_from_the_phone():
    check(call(book(), "code-voicemail", "201"), HEARD.rstrip() + """
         9  | key 1            | stop, claim m1 for ana
         9  | item claimed m9  | -
         9  | item claimed m1  | play item-claimed
        11  | key 2            | stop, call m1 for ana
        11  | item called m1   | play item-called+digits:12075550142
        15  | key 3            | stop, outcomes m1 for ana
        15  | item outcomes m1 sent refused | play item-outcomes+number:1+outcome-sent+number:2+outcome-refused
        16  | prompt ends      | -
        18  | key 2            | stop, close m1 for ana: refused
        18  | item closed m1   | play item-closed
        20  | prompt ends      | -
        21  | key #            | stop, mark m1, fetch m2
    """)  # fmt: skip


def test_hearing_goes_on_where_the_inbox_does_not_answer():
    check(call(book(), "code-voicemail", "201"), HEARD.rstrip() + """
         9  | key 1            | stop, claim m1 for ana
        17  | silence          | play item-away
        18  | key 3            | stop, outcomes m1 for ana
        18  | item none m1     | play item-none
        19  | key 3            | stop, outcomes m1 for ana
        19  | item outcomes m1 sent | play item-outcomes+number:1+outcome-sent
        20  | key 9            | stop, play mailbox-keys
        21  | key 3            | stop, outcomes m1 for ana
        21  | adopted          | fetch m1
        21  | message m1 ready | play sound:/clear/m1
        22  | key 3            | stop, outcomes m1 for ana
        22  | item outcomes m1 sent | play item-outcomes+number:1+outcome-sent
        23  | adopted          | fetch m1
        23  | message m1 ready | play sound:/clear/m1
        24  | key #            | stop, mark m1, fetch m2
    """)  # fmt: skip
