"""What all backends at an address share: connections, timing, refusals."""
