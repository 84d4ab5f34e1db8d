"""A private Apache Kafka broker, its jars, and making topics on any broker."""

from app.services.kafka.topics import bootstrap_servers, create_topics

__all__ = ["bootstrap_servers", "create_topics"]
