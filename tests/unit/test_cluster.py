"""The configuration of a production cluster is made from the same permissions as the embedded server's."""

from __future__ import annotations

from pathlib import Path

from deploy import cluster


def test_the_clusters_configuration_is_up_to_date() -> None:
    file = Path(cluster.__file__).with_name("nats.conf")
    assert file.read_text() == cluster.configuration(), "renew it: python -m deploy.cluster > deploy/cluster/nats.conf"
