"""Proofs that a token is its sender's own: a signature of the client's key, or its certificate.

Parsing is pure; only a store of used proofs is asked, and last. Nothing here refuses a token without ``cnf``.
"""

from jwks_auth.proofs.possession import Possession, Proven, binding_of
from jwks_auth.proofs.prover import Pending, Proved, Prover, Request

__all__ = ["Pending", "Possession", "Proved", "Proven", "Prover", "Request", "binding_of"]
