"""One file, or folder, per way to make an image; and what to try them with."""
