"""Bundles that other tools made."""
