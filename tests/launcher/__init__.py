"""The launcher in the image: real GStreamer, real encoders, no capture card."""
