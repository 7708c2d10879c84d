"""The clinic's YAML: read, checked, rendered, explained."""
