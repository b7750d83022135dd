"""The sync server: accounts, tokens, images, quota, key-value storage."""
