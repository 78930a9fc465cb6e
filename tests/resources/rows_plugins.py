"""The operations on dataplugins, datacomponents, datastores and resources."""

from __future__ import annotations

from typing import Any, Final

from tests.resources.row import IDEMPOTENT, SAFE, Row

_PLUGIN: Final[Any] = {"name": "tap-x", "plugin_type": "extractor", "variant": "vendor"}
_COMPONENT: Final[Any] = {"name": "tap-x", "data_plugin": "extractors/tap-x"}
_PATH: Final = "files/a b.json"

ROWS: Final[dict[str, Row]] = {
    "dataplugins.list_supported": Row(lambda s, x: s.dataplugins.list_supported(), SAFE),
    "dataplugins.view_discovery": Row(lambda s, x: s.dataplugins.discovery(), SAFE),
    "dataplugins.list": Row(lambda s, x: s.dataplugins.list(x.workspace), SAFE),
    "dataplugins.view_workspace_discovery": Row(lambda s, x: s.dataplugins.discovery(x.workspace), SAFE),
    "dataplugins.get": Row(lambda s, x: s.dataplugins.get(x.dataplugin), SAFE),
    "dataplugins.initialise": Row(lambda s, x: s.dataplugins.initialise(x.workspace), IDEMPOTENT),
    "dataplugins.publish_discovery": Row(
        lambda s, x: s.dataplugins.publish_discovery(x.workspace, "version: 19\n"), IDEMPOTENT
    ),
    "dataplugins.create": Row(
        lambda s, x: s.dataplugins.create(x.workspace, draft=x.dataplugin_draft, **_PLUGIN), IDEMPOTENT
    ),
    "dataplugins.update": Row(lambda s, x: s.dataplugins.update(x.workspace, x.dataplugin, label="new"), IDEMPOTENT),
    "dataplugins.delete": Row(lambda s, x: s.dataplugins.delete(x.dataplugin), IDEMPOTENT),
    "datacomponents.list": Row(lambda s, x: s.datacomponents.list(x.workspace), SAFE),
    "datacomponents.get": Row(lambda s, x: s.datacomponents.get(x.datacomponent), SAFE),
    "datacomponents.initialise": Row(lambda s, x: s.datacomponents.initialise(x.workspace), IDEMPOTENT),
    "datacomponents.put": Row(
        lambda s, x: s.datacomponents.create(x.workspace, draft=x.datacomponent_draft, **_COMPONENT), IDEMPOTENT
    ),
    "datacomponents.update": Row(lambda s, x: s.datacomponents.update(x.datacomponent, name="new"), IDEMPOTENT),
    "datacomponents.delete": Row(lambda s, x: s.datacomponents.delete(x.datacomponent), IDEMPOTENT),
    "datastores.list": Row(lambda s, x: s.datastores.list(x.workspace), SAFE),
    "datastores.get": Row(lambda s, x: s.datastores.get(x.datastore), SAFE),
    "datastores.make_default": Row(lambda s, x: s.datastores.make_default(x.datastore), IDEMPOTENT),
    "datastores.initialise": Row(lambda s, x: s.datastores.initialise(x.workspace), IDEMPOTENT),
    "datastores.put": Row(
        lambda s, x: s.datastores.create(x.workspace, draft=x.datastore_draft, **_COMPONENT), IDEMPOTENT
    ),
    "datastores.update": Row(lambda s, x: s.datastores.update(x.datastore, name="new"), IDEMPOTENT),
    "datastores.delete": Row(lambda s, x: s.datastores.delete(x.datastore), IDEMPOTENT),
    "resources.get": Row(lambda s, x: s.resources.get(x.workspace, x.file.path), SAFE),
    "resources.get_content": Row(lambda s, x: s.resources.content(x.workspace, x.file.path), SAFE),
    "resources.list": Row(lambda s, x: s.resources.list(x.workspace), SAFE),
    "resources.publish": Row(lambda s, x: s.resources.publish(x.workspace, {_PATH: b"{}"}), IDEMPOTENT),
    "resources.put": Row(
        lambda s, x: s.resources.put(x.workspace, _PATH, "{}", content_type="application/json"), IDEMPOTENT
    ),
    "resources.delete": Row(lambda s, x: s.resources.delete(x.workspace, x.file.path), IDEMPOTENT),
}
