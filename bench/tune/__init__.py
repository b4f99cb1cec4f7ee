"""``bench tune``: which queues, encoder speed and bitrate give this host the lowest delay without a lost frame."""
