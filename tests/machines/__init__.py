"""Test machines: a virtual machine with a simulated HDMI capture card and sound card."""
