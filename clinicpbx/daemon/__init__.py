"""The composition of core and adapters into running processes."""
