"""Guards the data that has landed: set-up, keys, recovery, erasure, repair and checks."""
