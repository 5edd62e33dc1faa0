"""The formats that clients speak: how their requests are checked, and how answers look."""
