"""Checking many claims: in several processes, as hard as is wanted, and only those of which something has changed.

`parallel` has them checked by `worker` processes, each with a given `effort`.  `cache` keeps reports by what they
depend on: the `source_files` of a claim, and the `data_files` that these read.
"""
