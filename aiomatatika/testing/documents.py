"""From a row to the document that the API sends: its times, what is embedded in it, and its links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiomatatika.testing.links import links_of, links_of_draft
from aiomatatika.testing.rows import Row
from aiomatatika.testing.tables import Tables
from aiomatatika.testing.timestamps import nanosecond_timestamp

__all__ = ["document_of", "draft_of"]

# The members of what is embedded, where they are fewer than the resource has.
_EMBEDDED_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {"Channel": ("name", "description", "picture")}
# By class: what is embedded of its parents, and under which key.
_EMBEDDED: Final[Mapping[str, Mapping[str, str]]] = {
    "Job": {"pipeline": "pipelines"},
    "Subscription": {"channel": "channels", "dataset": "datasets", "pipeline": "pipelines"},
    "Notification": {"channel": "channels", "datasetComment": "comments", "dataset": "datasets"},
}
_PERSON: Final[Mapping[str, str]] = {
    "Job": "profile",
    "Subscription": "subscriberProfile",
    "Notification": "subscriberProfile",
}


def document_of(row: Row, tables: Tables, root: str, *, written: str = "") -> dict[str, Any]:
    """Return a resource as the API sends it.

    Args:
        row: The resource.
        tables: Where what is embedded in it is.
        root: What every href begins with.
        written: ``"created"`` or ``"updated"`` in the response to a PUT, whose times have nanoseconds.
    """
    document = dict(row.document)
    if "lastModified" in row.type.times and written:
        document["lastModified"] = nanosecond_timestamp(row.modified_ns)
    if "created" in row.type.times and written == "created":
        document["created"] = nanosecond_timestamp(row.created_ns)
    document |= {name: max(count, document[name]) for name, count in _counts(row, tables).items()}
    embedded = _embedded_in(row, tables)
    if "variant" in (plugin := embedded.get("dataplugin", {})):  # sent without it, the plugin comes back with it
        document["dataPlugin"] = f"{str(document['dataPlugin']).partition('--')[0]}--{plugin['variant']}"
    if embedded:
        document["_embedded"] = embedded
    return document | {"_links": links_of(row, root)}


def draft_of(row: Row, root: str) -> dict[str, Any]:
    """Return a draft as the API sends it: id, times, what the path says, and the link to create it."""
    document: dict[str, Any] = {row.type.identified_by: row.id}
    stamps = (row.created_ns, row.modified_ns)
    document |= {name: nanosecond_timestamp(stamp) for name, stamp in zip(row.type.times, stamps, strict=False)}
    document |= {name: row.parents[variable] for name, variable in row.type.from_path.items()}
    return document | {"_links": links_of_draft(row, root)}


def _counts(row: Row, tables: Tables) -> dict[str, int]:
    match row.type.name:
        case "Dataset":
            return {"commentCount": len(tables["comments"].below({"dataset_id": row.id}))}
        case "Comment":
            return {"commentCount": sum(each.document.get("parentId") == row.id for each in tables["comments"])}
        case "Channel":
            return {"datasetCount": sum(row.id in each.related for each in tables["datasets"])}
        case _:
            return {}


def _embedded_in(row: Row, tables: Tables) -> dict[str, Any]:
    kind = row.type.name
    embedded: dict[str, Any] = {}
    if kind in _PERSON:
        embedded[_PERSON[kind]] = tables.owner.member
    for key, table in _EMBEDDED.get(kind, {}).items():
        variable = tables[table].type.variable
        parent = tables[table].find(row.parents[variable], {}) if variable in row.parents else None
        if parent is not None:
            names = _EMBEDDED_MEMBERS.get(parent.type.name, tuple(parent.document))
            embedded[key] = {name: parent.document[name] for name in names if name in parent.document}
    if kind in {"Datacomponent", "Datastore"}:
        plugin = _dataplugin(row.document.get("dataPlugin"), tables)
        if plugin is not None:
            embedded["dataplugin"] = dict(plugin.document)
    return embedded


def _dataplugin(text: object, tables: Tables) -> Row | None:
    """Return the plugin that a datacomponent names: ``extractors/tap-x``, with or without ``--variant``."""
    name, _, variant = str(text).partition("/")[2].partition("--")
    for plugin in tables["dataplugins"]:
        if plugin.document.get("name") == name and (not variant or variant == plugin.document.get("variant")):
            return plugin
    return None
