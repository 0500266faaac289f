"""SelfSubjectAccessReviews: what the caller may do.

The observations have none. The answers follow Kubernetes: authorization.k8s.io/v1 for what is said, the default cluster
roles for who may ask (`system:basic-user`: all who are authenticated).
"""

from __future__ import annotations

import json
from http import HTTPStatus

from .access import ANONYMOUS, Access, Action
from .answers import Answer, ApiError, Kind, json_answer, method_not_allowed
from .request import Request

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

_REVIEWS = Kind("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview")


def review(access: Access, user: str, request: Request) -> Answer:
    """Answer a POST; nothing is kept."""
    if request.method != "POST":
        raise method_not_allowed()
    if user == ANONYMOUS:
        raise _forbidden(user)
    document = json.loads(request.body)
    asked = document["spec"]["resourceAttributes"]
    kind = Kind(asked.get("group", ""), asked["resource"], asked["resource"])
    action = Action(asked["verb"], kind, asked["namespace"], asked.get("name"), asked.get("subresource"))
    status = {"allowed": access.allows(user, action)}
    head = {"kind": _REVIEWS.name, "apiVersion": _REVIEWS.api_version, "metadata": {"creationTimestamp": None}}
    return json_answer({**head, "spec": document["spec"], "status": status}, HTTPStatus.CREATED)


def _forbidden(user: str) -> ApiError:
    """[17] DELETE project as developer through kube-apiserver: the sentence at the cluster scope."""
    message = (
        f'{_REVIEWS.resource} is forbidden: User "{user}" cannot create resource "{_REVIEWS.plural}" '
        f'in API group "{_REVIEWS.group}" at the cluster scope'
    )
    return ApiError(HTTPStatus.FORBIDDEN, "Forbidden", message, _REVIEWS.details())
