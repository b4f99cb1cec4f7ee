//! Empty on purpose: this crate exists to pin its dependencies, the GStreamer plugins.
