"""Settings of brokers that share a small machine with everything else."""

from __future__ import annotations


def small_broker(copies: int, in_sync: int) -> str:
    """What holds for one broker as for three: little memory and disk, and quick to miss a member.

    Everything is kept in *copies*, of which *in_sync* must have what is acknowledged. Topics are
    made on purpose, with their number of partitions, never by a first message.
    """
    return f"""\
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
"""
