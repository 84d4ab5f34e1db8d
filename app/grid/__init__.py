"""The management grid at the command line: made, loaded, compared, drawn."""
