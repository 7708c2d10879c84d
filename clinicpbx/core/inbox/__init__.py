"""What patients still wait for: items, their contacts, their due times."""
