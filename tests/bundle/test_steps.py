"""The steps that export and import, as pipelines call them."""

from __future__ import annotations

from tests.pipeline.conftest import PROMOTED, Helper, helper, scripted

__all__ = ["helper"]

IMPORTED = {"status": "promoted", "release_id": "r1", "bundle": "sha256:1", "tags": [PROMOTED]}


def test_a_bundle_is_written_and_imported(helper: Helper) -> None:
    helper.answer("export-bundle", {"status": "exported", "destination": "b.tar", "digest": "sha256:1"})
    helper.answer("import-bundle", IMPORTED)
    body = """
        Map bundle = exportImage(images: ['stage/web:1.0'], output: 'b.tar')
        importImage(bundle: 'b.tar', destination: 'production', bundleDigest: bundle.digest)
    """
    run = helper.run(scripted(body))
    assert (run.result, run.violation) == ("SUCCESS", None), run.log
    assert "b.tar exported: sha256:1" in run.log
    assert "release r1 promoted: 1 promoted" in run.log
    assert [(call.command, dict(call.parameters)) for call in helper.calls] == [
        ("export-bundle", {"images": ["stage/web:1.0"], "output": "b.tar"}),
        ("import-bundle", {"bundle": "b.tar", "destination": "production", "bundleDigest": "sha256:1"}),
    ]


def test_without_a_bundle_the_cluster_imports(helper: Helper) -> None:
    helper.answer("import", PROMOTED)
    run = helper.run(scripted("importImage(reference: 'quay.io/team/web:1', destination: 'stage')"))
    assert (run.result, [call.command for call in helper.calls]) == ("SUCCESS", ["import"])
