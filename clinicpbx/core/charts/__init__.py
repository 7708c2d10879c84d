"""Charts as SVG text: bars, lines over time, a heat map. They need no script, no font and no colour vision."""
