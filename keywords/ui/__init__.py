"""The browser room: pages as people see them."""
