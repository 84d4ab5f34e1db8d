"""What the MQTT subscriber counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class MqttMetrics:
    """The figures of one subscriber."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept = self.registry
        self.connected = Gauge("city_mqtt_connected", "1 while the broker is there.", registry=kept)
        self.connections = Counter("city_mqtt_connections", "Times it came.", registry=kept)
        self.messages = Counter("city_mqtt_messages", "Messages dealt with.", registry=kept)
        self.waiting = Gauge("city_mqtt_waiting", "Messages the log has not got.", registry=kept)
        self.taken = Counter("city_mqtt_samples_taken", "Samples in the log.", registry=kept)
        self.refused = Counter(
            "city_mqtt_samples_refused", "Samples refused by reason.", ["reason"], registry=kept
        )
        self._dropped = Counter(
            "city_mqtt_dropped", "Messages of quality 0 without room.", registry=kept
        )

    def see_dropped(self, count: int) -> None:
        """Messages that could not wait."""
        self._dropped.inc(count)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes on a thread of their own, so that a busy loop still tells."""
        start_http_server(port, addr=host, registry=self.registry)
