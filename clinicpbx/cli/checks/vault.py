"""The vault answers and is open."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.vault_client import ask_vault
from clinicpbx.errors import ClinicPBXError


def look(house: House) -> Iterator[Finding]:
    try:
        problem = str(ask_vault(house.instance, "status")["problem"])
    except ClinicPBXError as error:
        yield Finding(
            "wrong", f"{error.what}: messages are taken, and cannot be heard", "systemctl restart clinicpbx-vault"
        )
        return
    if problem:
        yield Finding("wrong", f"messages are taken, and cannot be heard: {problem}", "clinicpbx keys status")
    else:
        yield Finding("well", "it is open")


CHECKS.register("vault")(Check("Vault", look))
