"""`python -m archiver`."""

from archiver.cli import run

if __name__ == "__main__":
    run()
