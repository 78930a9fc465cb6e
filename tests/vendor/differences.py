"""Where the table and the classes differ from the vendor's document, and why. One that has gone is a failure, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["NOT_IN_THE_DOCUMENT", "OF_CALLS", "OF_CLASSES", "OF_OPERATIONS", "OF_RESPONSES", "WITHOUT_A_METHOD"]

NOT_IN_THE_DOCUMENT: Final = frozenset(
    # Newer than the document; never seen on the wire.
    {
        "GET /api/accounts/{}/admins",
        "PUT /api/accounts/{}/admins/{}",
        "DELETE /api/accounts/{}/admins/{}",
        "POST /api/accounts/new",
        "PUT /api/accounts/{}/owner/{}",
        "PUT /api/accounts/{}/workspaces/{}/transfer",
        "PUT /api/profiles/{}/working-account/{}",
    }
)
_WITHOUT_AN_ID: Final = "alerts channels comments datasets jobs pipelines"
WITHOUT_A_METHOD: Final[Mapping[str, frozenset[str]]] = {
    "for links to one resource: they want the id": frozenset(f"GET /api/{name}" for name in _WITHOUT_AN_ID.split()),
    "what the server does with all other paths": frozenset(
        {"GET /api", *(f"{method} /api/{{}}" for method in ("GET", "PUT", "POST", "DELETE", "PATCH"))}
    ),
    "for the vendor's own web app and tests": frozenset(
        {
            "POST /api/profiles/{}/login",
            "POST /api/testdata",
            "GET /api/proxy/{}/{}",
            "GET /api/tokens/{}/token",
            "POST /api/tokens/{}/token",
            "POST /api/tokens/{}/token/pipelines/{}/{}",
            "POST /api/tokens/{}/oauth/access_token",
            "POST /api/tokens/{}/oauth/request_token",
        }
    ),
    "for Meltano itself": frozenset(
        f"GET /api{below}/plugins/{path}" for below in ("", "/workspaces/{}") for path in ("index", "{}/index", "{}/{}")
    ),
    "replaced by administrators and owner of an account": frozenset(
        {"PUT /api/accounts/{}/owners/{}", "DELETE /api/accounts/{}/owners/{}"}
    ),
    "in no page of the API reference": frozenset(
        {
            "POST /api/accounts/{}/workspaces",
            "PUT /api/accounts/{}/workspaces/{}",
            "PUT /api/channels/{}",
            "PATCH /api/channels/{}",
            "PUT /api/dataplugins/{}/workspaces/{}/installed",
            "POST /api/datasets",
            "PUT /api/datasets/{}",
            "GET /api/pipelines/{}/environment",
            "GET /api/workspaces/{}/availabledataplugins",
            "POST /api/workspaces/{}/questions",
        }
    ),
}

_A_SETTER: Final = "a method of the vendor's class that its generator took for a member"
_STREAMED: Final = "the response is a stream: pages mean nothing"
_NEWER: Final = "newer than the document"
_OTHER_TYPES: Final = (
    "extractors files loaders mappers models orchestrators tap target transformers transforms utilities"
)
_PROBE: Final = "the document has it inside `probe`"

OF_OPERATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "channels.list": {"query source": _PROBE, "query type": _PROBE},
    "jobs.logs": {"no query pageable": _STREAMED},
    "pipelines.metrics": {"no query pageable": _STREAMED},
    "resources.publish": {"body multipart/form-data": "the document knows no multipart body"},
}
OF_CLASSES: Final[Mapping[str, Mapping[str, str]]] = {
    "Account": {"member ownerProfileId": _NEWER},
    "Administrator": {"member administrator": "seen in responses"},
    "ApiKey": {"no member clientSecret": "a member of NewApiKey", "no member profile": _A_SETTER},
    "Datacomponent": {"no member fromDataPlugin": _A_SETTER},
    "Dataplugin": {
        "member fullyQualifiedName": "seen in responses",
        "member repositoryUrl": "seen in responses of 2021 and 2022; now `repo`",
        "member settingsGroupValidation": "in the API reference",
        "no member metadaNode": _A_SETTER,
        "no member parent": _A_SETTER,
        f"pluginType: {_OTHER_TYPES}": "the vendor's server reads these, too; it writes those of the class",
    },
    "Datastore": {"no member fromDataPlugin": _A_SETTER},
    "Invitation": {"id: string, not uuid": "the document has it as any text in paths"},
    "NewApiKey": {"no member profile": _A_SETTER},
    "Pipeline": {"no member scheduleFromInterval": _A_SETTER},
    "PipelineMetric": {"no schema": "the document has the metrics as a text"},
    "Profile": {"member workingAccount": _NEWER},
    "Setting": {"member envAliases": "seen in responses", "member oauth": "in the API reference"},
}

_NO_BODY: Final = "no body, by the API reference"
_MADE_BY_TESTS: Final = "`Setting.kind` in upper case and any `Setting.value`, as in the API reference"

OF_RESPONSES: Final[Mapping[str, str]] = {
    "GET /api/dataplugins/{id}": _MADE_BY_TESTS,
    "POST /api/workspaces/{id}/invitations": _NO_BODY,
    "PUT /api/invitations/{id}/revoked": _NO_BODY,
}

_TEXT: Final = "JSON that the vendor's methods take or return as a text, which is all that the document knows"
OF_CALLS: Final[Mapping[str, str]] = {
    "dataplugins.publish_discovery": "YAML, sent as JSON",
    "dataplugins.update": _MADE_BY_TESTS,
    "datasets.get_data": _TEXT,
    "deployments.github_webhook": _TEXT,
    "pipelines.metrics": _TEXT,
    "profiles.set_default_workspace": "the document asks of a PATCH all that it asks of a PUT",
    "resources.publish": "the document knows no multipart body",
    "search.msearch": _TEXT,
}
