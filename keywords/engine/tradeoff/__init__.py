"""Quality, speed and cost of several models, quantisations or backends on one page, from the store alone."""
