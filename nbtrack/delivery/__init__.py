"""From the journals of runs to the store: delivery, recovery of what dead processes left, and one connection per store."""
