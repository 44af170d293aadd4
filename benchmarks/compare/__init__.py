"""``make bench``: the package, its lower limit and other packages do the same job in turn."""
