"""What people are told, and what stays private."""

import pytest

from clinicpbx.core.registry import Registry
from clinicpbx.errors import ClinicPBXError, Mistake, NotPermitted, NotReachable, RulesRefused
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.settings import database_url, read_settings

pytestmark = pytest.mark.unit


def test_a_private_value_never_prints():
    number = Private("+12075550142")
    assert f"{number} {number!r} {number!s} {number:>20}" == " ".join(["<private>"] * 4)
    assert "%s" % number == "<private>"  # noqa: UP031
    assert number == Private("+12075550142")
    assert number.value == "+12075550142"


def test_an_error_says_where_what_and_what_to_do():
    error = ClinicPBXError("port 5060 is taken", where="127.0.0.1", do="Stop what uses it")
    assert str(error) == "127.0.0.1: port 5060 is taken. Stop what uses it"
    assert (error.exit_code, NotReachable.exit_code, NotPermitted.exit_code) == (1, 69, 77)


def test_mistakes_come_all_at_once_in_the_order_of_the_file():
    late = Mistake("clinic.yaml", 9, 3, "queues.x", "no such queue")
    early = Mistake("clinic.yaml", 2, 1, "clinic", "empty", warning=True)
    error = RulesRefused([late, early])
    assert str(error) == "clinic.yaml:2:1: clinic: warning: empty\nclinic.yaml:9:3: queues.x: no such queue"
    assert error.exit_code == 65


def test_the_instance_is_where_it_is_said_to_be(monkeypatch, tmp_path):
    monkeypatch.setenv("CLINICPBX_HOME", str(tmp_path))
    assert Instance.at().home == tmp_path
    assert Instance.at("/srv/a").home.as_posix() == "/srv/a"
    monkeypatch.delenv("CLINICPBX_HOME")
    assert Instance.at().home.as_posix() == "/var/lib/clinicpbx"


def test_settings_come_from_the_file_and_the_environment_wins(monkeypatch, tmp_path):
    instance = Instance(tmp_path)
    instance.settings.write_text("CLINICPBX_BIND=127.0.0.9\nCLINICPBX_SIP_PORT=5070\n")
    monkeypatch.setenv("CLINICPBX_SIP_PORT", "5080")
    settings = read_settings(instance)
    assert (settings.bind, settings.sip_port, settings.ari) == ("127.0.0.9", 5080, "127.0.0.9:8088")
    assert database_url(instance, settings) == f"sqlite+aiosqlite:///{tmp_path}/clinicpbx.db"


def test_all_wrong_settings_are_named_at_once(tmp_path):
    instance = Instance(tmp_path)
    instance.settings.write_text("CLINICPBX_SIP_PORT=many\nCLINICPBX_ARI_PORT=none\n")
    with pytest.raises(ClinicPBXError) as caught:
        read_settings(instance)
    assert "CLINICPBX_SIP_PORT" in str(caught.value)
    assert "CLINICPBX_ARI_PORT" in str(caught.value)


def test_two_entries_of_one_name_are_refused():
    registry: Registry[type] = Registry("thing", "clinicpbx.core.acd.strategies")
    registry.register("a")(int)
    with pytest.raises(ValueError, match="two thing entries are named 'a'"):
        registry.register("a")(int)
    assert "a" in registry
    assert len(registry) == 1
