"""``/`` and ``/v1``."""

from ratings.policies.personas import EVERYBODY, rule

LIST = "ratings:versions:list"

RULES = (
    rule(
        LIST,
        EVERYBODY,
        "Tell the versions of the API. Asked without a token, too.",
        ("GET", "/"),
        ("GET", "/v1"),
    ),
)
