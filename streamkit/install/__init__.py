"""What travels to a host besides the release: the image's build context and the detector."""
