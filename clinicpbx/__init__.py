"""ClinicPBX: no patient request is ever without an owner and an outcome."""

__version__ = "0.1.0"
