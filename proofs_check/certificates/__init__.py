"""Certificates: inequalities written down so that somebody else can verify them.

`writing` writes them, with both sides as `expressions`; `checker` verifies them.  That is one file which needs the
standard library only, to be read in one sitting and carried away: nothing here may be imported by it.
"""
