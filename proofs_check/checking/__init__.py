"""Checking claims one after the other and many at once: in processes of their own, what has not changed recalled."""
