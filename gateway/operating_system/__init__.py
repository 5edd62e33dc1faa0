"""What Linux, macOS and Windows do differently: each module tells what it does on which of them."""
