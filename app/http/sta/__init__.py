"""OGC SensorThings API 1.1 (18-088): the city's sensors and their samples, read and sent."""
