"""The table: every attack, the code of its refusal, and the control that differs in nothing but the fault."""

from __future__ import annotations

from tests.attacks.claim import audiences, claim_types, issuers, times
from tests.attacks.form import laxness, sizes, structure
from tests.attacks.header import algorithms, critical_headers, embedded_keys, kids, types
from tests.attacks.json_text import json_texts
from tests.attacks.key_set import key_sets
from tests.attacks.signature import signatures

GROUPS = (
    *(structure, laxness, json_texts, algorithms, embedded_keys, kids, signatures, critical_headers),
    *(types, issuers, audiences, times, claim_types, key_sets, sizes),
)
ATTACKS = [attack for group in GROUPS for attack in group()]
