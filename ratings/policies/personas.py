"""Whom the other rules speak of, and the one rule that all reads ask."""

from oslo_policy.policy import DocumentedRuleDefault, RuleDefault

ADMIN = "rule:cloud_admin"
INGESTION = "rule:cloud_admin or rule:ingester"
READER = "rule:cloud_admin or rule:project_reader"
MANAGER = "rule:cloud_admin or rule:project_manager"
EVERYBODY = "@"

SCOPES = ["system", "project"]
"""Not domain: who administers a domain does not administer the cloud."""

Operation = tuple[str, str]
"""A method and a path, as in the reference of the API."""


def rule(name: str, check: str, description: str, *operations: Operation) -> DocumentedRuleDefault:
    """The rule of some operations."""
    return DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=[{"method": method, "path": path} for method, path in operations],
        scope_types=SCOPES,
    )


ALL_TENANTS = "ratings:all_tenants"

RULES = (
    RuleDefault(
        "cloud_admin",
        "role:admin",
        "Who runs the cloud.",
    ),
    RuleDefault(
        "ingester",
        "role:service",
        "Who delivers events and samples: services, and senders of [ingest] credentials_file.",
    ),
    RuleDefault(
        "project_reader",
        "role:reader and project_id:%(project_id)s",
        "Who may see what a project uses. The roles manager and member imply reader.",
    ),
    RuleDefault(
        "project_manager",
        "role:manager and project_id:%(project_id)s",
        "Who may decide for a project how its spending is watched.",
    ),
    RuleDefault(
        ALL_TENANTS,
        ADMIN,
        "Whose reads are not limited to the project of the token. It widens what the rules of "
        "operations allow, and allows none by itself.",
    ),
)
