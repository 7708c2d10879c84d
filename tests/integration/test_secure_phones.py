"""A phone that is secure speaks TLS 1.2 and SRTP, and nothing less."""

import socket
import ssl
from collections.abc import Iterator

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import PASSWORD, Clinic, clinic

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with clinic(bed) as made:
        yield made


async def test_it_calls_and_is_called(house: Clinic, phones: Phones) -> None:
    plain = await house.desk(phones, "201", auto_answer={"after": 0})
    secure = await house.desk(phones, "203", secure=True, auto_answer={"after": 0})
    await secure.call(f"sip:201@{house.bed.sips};transport=tls")
    await secure.expect("connected")
    await secure.hangup()
    await plain.expect("disconnected")
    await plain.call(f"sip:203@{house.bed.sip}")
    await plain.expect("connected")
    await plain.hangup()
    await eventually(lambda: house.channels() == 0)


async def test_audio_in_clear_is_refused(house: Clinic, phones: Phones) -> None:
    register = {"user": "phone-203", "password": PASSWORD, "server": house.bed.sip}
    plain = await phones.phone("plain", house.bed.address(), register=register)
    await plain.call(f"sip:201@{house.bed.sip}")
    assert (await plain.expect("disconnected"))["code"] == 488


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_nothing_older_than_tls_1_2_and_the_key_is_private(house: Clinic) -> None:
    tls = house.instance.tls
    assert (tls / "key.pem").stat().st_mode & 0o777 == 0o600
    trusted = ssl.create_default_context(cafile=str(tls / "certificate.pem"))
    host, port = house.bed.sips.split(":")
    with (
        socket.create_connection((host, int(port)), 5) as plain,
        trusted.wrap_socket(plain, server_hostname=host) as it,
    ):
        assert it.version() == "TLSv1.2"
    old = ssl.create_default_context(cafile=str(tls / "certificate.pem"))
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((host, int(port)), 5) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname=host)
