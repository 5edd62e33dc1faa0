"""Robot Framework keyword libraries, one noun a module, over a Robot-free engine."""
