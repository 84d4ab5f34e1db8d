"""The national code tables: vintages, their codes, what each became. A city's own is elsewhere."""
