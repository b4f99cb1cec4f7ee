"""Several hosts in one run: the image, broken hosts, keys, time and memory."""
