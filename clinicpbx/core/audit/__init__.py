"""The audit log: rows that chain, a Merkle tree over them, signed statements of its size and root."""
