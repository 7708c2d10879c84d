"""Where the files of one instance are: one folder, named the same inside and outside Asterisk's root."""

import os
from dataclasses import dataclass
from pathlib import Path

PRODUCTION = Path("/var/lib/clinicpbx")


@dataclass(frozen=True, slots=True)
class Instance:
    """Every path below the instance's folder, each named once."""

    home: Path

    @classmethod
    def at(cls, home: str | Path | None = None) -> "Instance":
        """The instance in *home*, else in $CLINICPBX_HOME, else the production one."""
        return cls(Path(home or os.environ.get("CLINICPBX_HOME") or PRODUCTION).absolute())

    @property
    def settings(self) -> Path:
        return self.home / "clinicpbx.env"

    @property
    def rules(self) -> Path:
        return self.home / "rules"

    @property
    def clinic(self) -> Path:
        return self.rules / "clinic.yaml"

    @property
    def versions(self) -> Path:
        return self.home / "versions"

    @property
    def current(self) -> Path:
        return self.versions / "current"

    @property
    def asterisk(self) -> Path:
        return self.home / "asterisk"

    @property
    def asterisk_etc(self) -> Path:
        return self.asterisk / "etc"

    @property
    def tls(self) -> Path:
        """The certificate and key that phones and trunks see."""
        return self.asterisk / "tls"

    @property
    def generated(self) -> Path:
        return self.asterisk_etc / "clinicpbx.d"

    @property
    def asterisk_socket(self) -> Path:
        return self.asterisk / "run" / "asterisk.ctl"

    @property
    def prompts(self) -> Path:
        return self.home / "prompts"

    @property
    def cdr_spool(self) -> Path:
        return self.home / "spool" / "cdr.db"

    @property
    def cel_spool(self) -> Path:
        return self.home / "spool" / "cel.db"

    @property
    def journal(self) -> Path:
        return self.home / "journal.db"

    @property
    def database(self) -> Path:
        return self.home / "clinicpbx.db"

    @property
    def reconciliations(self) -> Path:
        """How the call records came out, hour by hour."""
        return self.home / "reconciliations.jsonl"

    @property
    def overrides(self) -> Path:
        """Overrides that are switched on."""
        return self.home / "overrides.json"

    @property
    def audit(self) -> Path:
        """What belongs to the audit log and is no row of it: checkpoints, entries that wait, who broke the glass."""
        return self.home / "audit"

    @property
    def covers(self) -> Path:
        """Who covers for whom on call."""
        return self.home / "covers.json"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def vault_keys(self) -> Path:
        """What only the vault process reads: keys below the root key, hashed PINs."""
        return self.keys / "vault"

    @property
    def public_keys(self) -> Path:
        return self.keys / "public"

    @property
    def message_keys(self) -> Path:
        """One small secret a message: without it nobody opens the message."""
        return self.keys / "messages"

    @property
    def vault(self) -> Path:
        return self.home / "vault"

    @property
    def clear(self) -> Path:
        """The tmpfs: the only place where audio exists in clear."""
        return self.home / "clear"

    @property
    def recordings(self) -> Path:
        return self.clear / "recording"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def control(self) -> Path:
        return self.run / "control.sock"

    @property
    def vault_socket(self) -> Path:
        return self.run / "vault.sock"

    @property
    def reports(self) -> Path:
        """Reports that came by themselves."""
        return self.home / "reports"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def secret(self, name: str) -> str:
        """The secret in keys/NAME.secret, without surrounding blanks; OSError where it cannot be read."""
        return (self.keys / f"{name}.secret").read_text().strip()
