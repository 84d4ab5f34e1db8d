"""The way of samples into the city, whatever they come by: checks, counts, and MQTT."""
