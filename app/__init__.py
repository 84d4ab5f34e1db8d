"""Where everything meets: settings, wiring, doors, processes, command line."""

from app.enclosed import enclose

enclose()
