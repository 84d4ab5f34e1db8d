"""Who somebody is: local accounts, sessions of browsers, keys of portals and devices."""
