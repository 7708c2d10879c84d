"""The main database."""
