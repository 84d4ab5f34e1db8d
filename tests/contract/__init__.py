"""One suite for every engine: what the rest of the system may rely on."""
