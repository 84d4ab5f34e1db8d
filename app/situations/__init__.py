"""The look-out: follows what happens, and writes down when it is a situation."""
