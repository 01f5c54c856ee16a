"""Bundles of other tools, each forged in twenty ways, and who notices."""
