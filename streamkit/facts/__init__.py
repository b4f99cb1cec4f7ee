"""What a deployed host really runs, as one document: Docker's own words, processes, the panel's answers, the release.

Everything here only reads, and needs nothing but the standard library: it travels to a host in ``streamkit.pyz``.  What
the facts mean is decided elsewhere, by ``bench verify``.
"""
