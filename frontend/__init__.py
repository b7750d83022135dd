"""The page: everything here runs in the browser, and all but `browser/`, `ui/` and `main` under CPython too."""
