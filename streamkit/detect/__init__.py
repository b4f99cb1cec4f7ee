"""Facts about a host, read without changing it.  Standard library only: this travels as a zipapp.

"Not there" and "could not ask" are told apart: what could not be read is listed in ``unknown`` with the reason.
"""
