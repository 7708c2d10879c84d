"""The ways to people: mail, webhooks, messages to phones. Each says what the neighbour answered."""
