"""The measuring viewer: Chromium plays the stream, and a page reads the time code of every picture it shows."""
