"""What workers write into the database, always in English, as templates that registry.said can translate.

A sentence that is new there has to be new here: tests/registry/test_said.py finds those that are missing.
"""

from registry.sentences import contract, conversion, deliveries, environments, files, graphs, hub, importing

TEMPLATES: tuple[str, ...] = (
    *contract.SENTENCES,
    *conversion.SENTENCES,
    *deliveries.SENTENCES,
    *environments.SENTENCES,
    *files.SENTENCES,
    *graphs.SENTENCES,
    *hub.SENTENCES,
    *importing.SENTENCES,
)
