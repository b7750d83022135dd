"""The HTTP surface, one file per family: request in, domain called, answer out. Addresses are in `server/app.py`."""
