"""``/`` and ``/v1``, and the document of what stands below."""

from ratings.policies.personas import EVERYBODY, rule

LIST = "ratings:versions:list"
CONTRACT = "ratings:openapi:get"

RULES = (
    rule(
        LIST,
        EVERYBODY,
        "Tell the versions of the API. Asked without a token, too.",
        ("GET", "/"),
        ("GET", "/v1"),
    ),
    rule(
        CONTRACT,
        EVERYBODY,
        "Get the OpenAPI document of the API. Asked without a token, too.",
        ("GET", "/v1/openapi.json"),
    ),
)
