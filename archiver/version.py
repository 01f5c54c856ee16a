"""The release this code belongs to; read by the build and written into every capture."""

__version__ = "0.1.0"
