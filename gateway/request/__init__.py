"""What is known of one request while it is answered."""
