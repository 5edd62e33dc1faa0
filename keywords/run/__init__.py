"""What every keyword library knows of the run: its target, its needs, its evidence, its verdicts."""
