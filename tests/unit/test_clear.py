"""The daemon's condition: recordings must not lie on a disk."""

from pathlib import Path

import pytest
import structlog

from clinicpbx.daemon.run import run_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings

pytestmark = pytest.mark.unit


def test_a_folder_on_a_disk_is_refused_and_what_to_do_is_said(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    instance.clear.mkdir()
    try:
        with pytest.raises(ClinicPBXError, match="no tmpfs") as refused:
            run_daemon(instance, read_settings(instance))
    finally:
        structlog.reset_defaults()  # logging has begun, which other tests would see
    assert "clinicpbx-clear.service" in str(refused.value)
    assert not instance.journal.exists()
