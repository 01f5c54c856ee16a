"""The one file: a canonical ZIP that is a valid WACZ, made, opened and checked against itself."""
