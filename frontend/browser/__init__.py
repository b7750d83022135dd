"""The only door to JavaScript, beside `ui/` and `main`. Pixels and bytes stay on the other side of it, as Blobs."""
