"""The panel: one small web server that shows the stream, its figures and its picture, and starts and stops it."""
