"""Explanations with models of claims from pydantic."""

from __future__ import annotations

import pydantic

from tests.unit.test_explain_routes import explained


def test_pydantics_errors_are_shown_by_field() -> None:
    """A model's, a dataclass of its own, and what an adapter makes of it."""

    class Realm(pydantic.BaseModel):
        tier: int

    class Model(pydantic.BaseModel):
        email: str
        realm: Realm

    refused = explained(model=Model, realm={"tier": "gold"})
    assert refused.failed is not None
    assert refused.failed.found.startswith(
        "email: Field required; realm.tier: Input should be a valid integer"
    )
    assert explained(model=Model, email="a", realm={"tier": 1}).failed is None
    assert explained(model=pydantic.TypeAdapter(Model), email="a", realm={"tier": 1}).failed is None
