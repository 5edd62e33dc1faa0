"""The server's own metrics during a load run: sampled on the client's clock, read by names that servers use."""
