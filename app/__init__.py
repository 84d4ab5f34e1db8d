"""Where everything meets: settings, wiring, doors, processes, command line."""
