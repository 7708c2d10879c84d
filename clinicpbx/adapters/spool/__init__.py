"""The SQLite files Asterisk writes call records into."""
