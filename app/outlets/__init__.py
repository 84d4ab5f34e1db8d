"""The ways out: where couriers take what waits from, and how each sends it."""
