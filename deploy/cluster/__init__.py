"""The configuration of one server of a production NATS cluster, from the same permissions as the embedded one.

`python -m deploy.cluster > deploy/cluster/nats.conf` renews the file; a test says when it is out of date.
"""

from __future__ import annotations

from deploy.roles import BUS_USERS, bus_users

_HEAD = """# One server of a NATS cluster for Tereze. Made by: python -m deploy.cluster
# Set in the environment of each server: SERVER_NAME, HOST (its address in the cluster's network), STORE_DIR,
# ROUTES (of the other servers, e.g. [nats-route://b:6222, nats-route://c:6222]), TLS_CERT, TLS_KEY, TLS_CA,
# and the password of each user as <USER>_PASSWORD.
server_name: $SERVER_NAME
host: $HOST
port: 4222
# As the embedded server has it. Tereze takes bodies of 64 KiB; a larger one, up to this, is answered and kept as a dead
# letter, where the server itself would only cut the sender off. Clusters and embedded servers refuse the same.
max_payload: 2MB

tls {
  cert_file: $TLS_CERT
  key_file: $TLS_KEY
}

jetstream {
  store_dir: $STORE_DIR
  max_file: 64GB
  # What is acknowledged is on the disk: a power cut takes nothing back.
  sync_interval: always
}

cluster {
  name: tereze
  host: $HOST
  port: 6222
  routes: $ROUTES
  tls {
    cert_file: $TLS_CERT
    key_file: $TLS_KEY
    ca_file: $TLS_CA
    verify: true
  }
}

"""


def configuration() -> str:
    """The file's text, with the passwords as variables."""
    return _HEAD + bus_users({user: f"${user.upper()}_PASSWORD" for user in BUS_USERS})
