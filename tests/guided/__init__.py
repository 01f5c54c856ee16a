"""Fuzzing led by coverage (atheris, that is libFuzzer): the parsers, and the whole of verify."""
