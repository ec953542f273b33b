"""Proofs that a token is its sender's own: a signature of the client's key, or its certificate.

Parsing is pure; only a store of used proofs is asked, and last. Nothing here refuses a token without ``cnf``.
"""

from jwks_auth.proofs.certificate_forms import FORMATS
from jwks_auth.proofs.certificates import CertificateHeader
from jwks_auth.proofs.errors import InvalidProofError
from jwks_auth.proofs.memory import MemoryReplay
from jwks_auth.proofs.offer import Offer, offer_of
from jwks_auth.proofs.possession import Possession, Proven, binding_of
from jwks_auth.proofs.proof import Facts, Proofs, check_claims, hash_of
from jwks_auth.proofs.prover import Pending, Proved, Prover, Request
from jwks_auth.proofs.provers import provers_of
from jwks_auth.proofs.proxies import ANY_PROXY, AnyProxy, Network, ProxySecret
from jwks_auth.proofs.service import possession_of
from jwks_auth.proofs.target import normal

__all__ = [
    "ANY_PROXY",
    "FORMATS",
    "AnyProxy",
    "CertificateHeader",
    "Facts",
    "InvalidProofError",
    "MemoryReplay",
    "Network",
    "Offer",
    "Pending",
    "Possession",
    "Proofs",
    "Proved",
    "Proven",
    "Prover",
    "ProxySecret",
    "Request",
    "binding_of",
    "check_claims",
    "hash_of",
    "normal",
    "offer_of",
    "possession_of",
    "provers_of",
]
