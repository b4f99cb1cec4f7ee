"""Running the stream: the supervisor of the container and the socket it is commanded through."""
