"""The command that installs the packages whose tests are in this folder."""

HOW_TO_RUN = (
    "it needs an environment with integration packages: pip install -r tests/integrations/needs.txt && "
    "pip install --no-deps -r tests/integrations/packages.txt && "
    "pytest --dag-runtime=dagflow tests/integrations"
)
