"""Small apps with other packages, the same apps with this one, and the same requests to both."""
