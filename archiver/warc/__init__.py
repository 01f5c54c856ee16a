"""WARC records written and read, the index over them, and the Capture that all else reads from."""
