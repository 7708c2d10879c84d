"""Calls to the outside: the clinic's routes, what their phones may, and the number that is shown."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed
from tests.support.clinic_bed import DID, RULES, Clinic, ended

pytestmark = pytest.mark.integration
SHOWN = "+12075550555"


class TwoCarriers(Clinic):
    """Numbers that begin with +1800 leave by the second carrier, those with +1809555 not at all."""

    def __init__(self, bed: Bed) -> None:
        self.second = bed.address()
        routes = (
            '{{{{free: {{{{begins: "+1800", trunks: second}}}}, far: {{{{begins: ["+1809"], allow: international}}}}, '
            'never: {{{{begins: ["+1809555"], allow: nobody}}}}}}}}'
        ).format()
        text = RULES
        for old, new in (
            (
                "{{line: {{host: {trunk}}}}}",
                f"{{{{line: {{{{host: {{trunk}}}}}}, second: {{{{host: {self.second}}}}}}}}}",
            ),
            ('outbound: {{caller_id: "{did}"}}', f'outbound: {{{{caller_id: "{{did}}", routes: {routes}}}}}'),
            ("timezone: UTC", f'timezone: UTC, caller_id: "{SHOWN}"'),
            ('"202": {{name: Desk two, location: desk', '"202": {{name: Desk two, site: main, location: desk'),
        ):
            assert old in text, old
            text = text.replace(old, new)
        super().__init__(bed, text)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[TwoCarriers]:
    with ended(bed):
        yield TwoCarriers(bed)


@pytest.fixture(autouse=True)
async def tidy(house: TwoCarriers) -> AsyncIterator[None]:
    yield
    await house.empty()


async def dials(house: TwoCarriers, desk: Phone, number: str) -> None:
    await desk.call(f"sip:{number}@{house.bed.sip}")


async def ringing(carrier: Phone) -> Any:
    """The call that comes to *carrier*, which is then turned down."""
    rung = await carrier.expect("incoming", 10)
    await carrier.answer(486)
    return rung


async def test_by_which_carrier_and_with_which_number(house: TwoCarriers, phones: Phones) -> None:
    first = await house.caller(phones, "first")
    second = await phones.phone("second", house.second, 5060)
    plain, of_site = await house.desk(phones, "201"), await house.desk(phones, "202")
    await dials(house, plain, "2075550123")
    assert DID in (await ringing(first))["from"]
    await plain.expect("disconnected")
    await dials(house, plain, "18005550123")
    assert DID in (await ringing(second))["from"]
    await plain.expect("disconnected")
    await dials(house, of_site, "8005550123")
    assert SHOWN in (await ringing(second))["from"]
    await of_site.expect("disconnected")
    for number in ("8095550123", "18092220123"):  # for nobody; for phones that may call abroad
        await dials(house, plain, number)
        assert (await plain.expect("disconnected"))["code"] >= 400
    await first.silent("incoming", 0.5)
