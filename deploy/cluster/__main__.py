"""Print the cluster's configuration."""

import sys

from deploy.cluster import configuration

sys.stdout.write(configuration())
