"""Every way in which the gateway says no."""
