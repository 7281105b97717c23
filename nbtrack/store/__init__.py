"""Where runs live: one protocol, many stores."""
