"""City packs: reading, checking and loading them, and making the demo city and New York."""
