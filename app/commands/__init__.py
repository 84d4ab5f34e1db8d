"""The command line's own commands, each in a module that loads only what it needs."""
