"""What a token may do in a project, as the cluster itself tells.

API: authorization.k8s.io/v1, SelfSubjectAccessReview, which every account may ask about itself.
"""

from __future__ import annotations

from promoter.credentials import jwt
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.rights import Right

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_GROUPS = {
    "image": "image.openshift.io",
    "build": "build.openshift.io",
    "deploymentconfigs": "apps.openshift.io",
    "deployments": "apps",
    "replicasets": "apps",
}


def may(api: ClusterApi, right: Right) -> bool:
    """Ask whether the token gives a right.

    Raises:
        NotPermitted, Unreachable: it cannot be asked; Forbidden if only the right to ask is missing.

    """
    resource, _, subresource = right.resource.partition("/")
    group = next((group for prefix, group in _GROUPS.items() if resource.startswith(prefix)), "")
    attributes = {"namespace": right.project, "verb": right.verb, "group": group, "resource": resource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | ({"subresource": subresource} if subresource else {})},
    }
    return bool(api.post(_REVIEWS, review).get("status", {}).get("allowed"))


def require_right(api: ClusterApi, right: Right, purpose: str) -> None:
    """Insist on a right before anything is changed.

    Args:
        api: the cluster, under the token that is asked about.
        right: what is needed.
        purpose: what cannot be done without it, such as `shop/web:1 cannot be set`.

    Raises:
        NotPermitted, Unreachable: it is missing, or cannot be asked for.

    """
    if not may(api, right):
        account = jwt.subject(api.credential.secret) or "ACCOUNT"
        raise Forbidden(
            f"The account of {api.credential.source} may not {right}, so {purpose}.",
            right.binding(account),
        )
