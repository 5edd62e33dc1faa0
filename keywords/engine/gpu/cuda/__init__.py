"""Programs that a GPU runs. They stand alone: another Python, or `nvcc`, may run them."""
