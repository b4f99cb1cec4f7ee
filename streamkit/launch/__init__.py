"""``streamkit-launch``: runs the words of a gst-launch line and adds what gst-launch cannot."""
