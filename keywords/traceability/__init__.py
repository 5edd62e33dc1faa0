"""The register of requirements, and the way from a requirement to its evidence."""
