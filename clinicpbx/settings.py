"""What an installation sets: addresses and ports. Secrets are files in keys/, never settings."""

from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


class Settings(BaseSettings):
    """Read from the environment (`CLINICPBX_…`), then from clinicpbx.env in the instance's folder."""

    model_config = SettingsConfigDict(env_prefix="CLINICPBX_", extra="ignore")

    bind: str = "127.0.0.1"
    sip_bind: str = ""  # where phones and trunks reach Asterisk, 0.0.0.0 for all; empty: the same as bind
    sip_port: int = 5060
    sips_port: int = 5061
    ari_port: int = 8088
    ami_port: int = 5038
    http_port: int = 8790
    rtp_start: int = 10000
    rtp_end: int = 10998
    systemname: str = "clinic"
    database_url: str = ""
    asterisk_root: Path | None = None
    log_level: str = "info"
    key_backup_days: int = 30  # so long a backup of keys/ is kept; then what was destroyed is gone everywhere
    group_agent: str = "clinicpbx-agent"  # Unix groups whose members have these roles
    group_supervisor: str = "clinicpbx-supervisor"
    group_admin: str = "clinicpbx-admin"
    group_auditor: str = "clinicpbx-auditor"
    audit_syslog: str = ""  # tls://HOST:PORT or tcp://HOST:PORT, gets the audit log's checkpoints
    audit_folder: Path | None = None  # of another machine, mounted here: gets them too

    @property
    def ari(self) -> str:
        """Host and port of ARI."""
        return f"{self.bind}:{self.ari_port}"


def read_settings(instance: Instance) -> Settings:
    """The settings of *instance*; ClinicPBXError names each wrong one at once."""
    try:
        return Settings(_env_file=instance.settings)
    except ValidationError as exc:
        wrong = "; ".join(f"CLINICPBX_{str(e['loc'][0]).upper()}: {e['msg']}" for e in exc.errors())
        raise ClinicPBXError(wrong, where=str(instance.settings), do="Correct it and start again") from None


def database_url(instance: Instance, settings: Settings) -> str:
    """SQLAlchemy's URL of the main database: the setting, else the SQLite file of the instance."""
    return settings.database_url or f"sqlite+aiosqlite:///{instance.database}"
