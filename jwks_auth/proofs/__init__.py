"""Proofs that a token is its sender's own: a signature of the client's key, or its certificate.

Parsing is pure; only a store of used proofs is asked, and last. Nothing here refuses a token without ``cnf``.
"""

from jwks_auth.proofs.certificate_forms import FORMATS
from jwks_auth.proofs.certificates import CertificateHeader
from jwks_auth.proofs.possession import Possession, Proven, binding_of
from jwks_auth.proofs.prover import Pending, Proved, Prover, Request
from jwks_auth.proofs.provers import provers_of
from jwks_auth.proofs.proxies import ANY_PROXY, AnyProxy, Network, ProxySecret

__all__ = [
    "ANY_PROXY",
    "FORMATS",
    "AnyProxy",
    "CertificateHeader",
    "Network",
    "Pending",
    "Possession",
    "Proved",
    "Proven",
    "Prover",
    "ProxySecret",
    "Request",
    "binding_of",
    "provers_of",
]
