"""The panel beside the polling panel of the guide and beside Glances: same machine, same minutes."""
