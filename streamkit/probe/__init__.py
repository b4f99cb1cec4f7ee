"""Trial encodes: what each encoder really does on this host, each in a process of its own."""
