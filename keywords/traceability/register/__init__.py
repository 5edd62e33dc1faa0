"""The register: YAML files of what the suites have to prove."""
