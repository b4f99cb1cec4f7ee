"""Turns a Linux box with an HDMI capture card into a low-latency WebRTC game streamer."""

__version__ = "0.1.0"
