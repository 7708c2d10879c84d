"""Asterisk does what the client relies on, and what the fake of the other tests does."""

from collections.abc import Awaitable, Callable

import pytest

from clinicpbx.adapters.ari.client import AriAddress
from tests.support.ari_contract import CHECKS, HEARS
from tests.support.bed import Bed

pytestmark = pytest.mark.integration


ENDPOINT = """\
[phone-201]
type = endpoint
aors = phone-201
[phone-201]
type = aor
"""


@pytest.fixture(scope="module", autouse=True)
def configured(bed: Bed) -> None:
    """`endpoint:PJSIP` can be subscribed only once there is an endpoint."""
    bed.generate(pjsip=ENDPOINT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_asterisk(check: Callable[[AriAddress], Awaitable[None]], bed: Bed) -> None:
    await check(AriAddress(bed.settings.ari, "clinicpbx", bed.instance.secret("ari"), hears=HEARS))
