"""The board over a running system: where its data come from, and how it is served."""
