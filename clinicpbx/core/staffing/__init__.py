"""How many agents a queue needs, and when: queueing formulas and a forecast of its calls."""
