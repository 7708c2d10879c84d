"""Keys on paper: any so many parts give the secret back, fewer say nothing, a slip of the pen is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.vault.shares import Part, PartRefused, _over, _times, combine, split

pytestmark = pytest.mark.unit

SECRET = bytes(range(32))


@given(secret=st.binary(min_size=1, max_size=40), parts=st.integers(1, 8), choose=st.data())
def test_any_so_many_parts_in_any_order_give_it_back(secret: bytes, parts: int, choose: st.DataObject) -> None:
    needed = choose.draw(st.integers(1, parts))
    made = split(secret, parts, needed)
    chosen = choose.draw(st.permutations(made))[: choose.draw(st.integers(needed, parts))]
    assert combine([Part.read(str(part)) for part in chosen]) == secret


def test_too_few_are_refused() -> None:
    made = split(SECRET, 5, 3)
    with pytest.raises(PartRefused, match="3 parts are needed, and 2"):
        combine([made[0], made[1], made[1]])


def test_fewer_parts_fit_every_secret_equally() -> None:
    """Of a secret byte and one part of two, the other coefficient is free: over many splittings every value comes."""
    seen = {split(b"\x07", 2, 2)[0].values[0] for _ in range(8000)}
    assert len(seen) == 256


def test_parts_of_two_splittings_do_not_mix() -> None:
    one, two = split(SECRET, 3, 2), split(SECRET, 3, 2)
    with pytest.raises(PartRefused, match="one splitting"):
        combine([one[0], two[1]])


@given(at=st.integers(0, 200), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567019-"))
def test_a_wrong_letter_is_noticed(at: int, letter: str) -> None:
    text = str(split(SECRET, 3, 2)[0])
    at %= len(text)
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text or changed.replace("-", "") == text.replace("-", ""):
        return
    with pytest.raises(PartRefused):
        Part.read(changed)


def test_blanks_and_small_letters_do_not_matter() -> None:
    part = split(SECRET, 1, 1)[0]
    assert Part.read(f"  {str(part).lower()[:30]} {str(part)[30:]}\n") == part


@pytest.mark.parametrize(("parts", "needed"), [(0, 0), (1, 2), (21, 2), (3, 0)])
def test_senseless_numbers_are_refused(parts: int, needed: int) -> None:
    with pytest.raises(ValueError, match="parts"):
        split(SECRET, parts, needed)


def test_the_field_is_that_of_aes() -> None:
    assert _times(0x57, 0x83) == 0xC1  # FIPS 197, 4.2
    assert all(_times(_over(a, b), b) == a for a in (1, 7, 255) for b in range(1, 256))
