"""Every check of the guide's testing sections on a deployed container: pure judgement over collected facts."""
