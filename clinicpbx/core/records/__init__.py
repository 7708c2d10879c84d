"""One interaction a call, assembled from what Asterisk and the daemon wrote."""
