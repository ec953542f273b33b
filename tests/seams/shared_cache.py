"""A shared cache as a proxy or a CDN is one, in front of an app: it keeps whatever it may (RFC 9111)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contract.runner import Answer, App, Headers

__all__ = ["SharedCache"]


@dataclass
class SharedCache:
    """Asks *app* only for what it does not have; it ages nothing."""

    app: App
    stored: list[tuple[str, dict[str, list[str]], Answer]] = field(default_factory=list)
    asked: int = 0

    def get(self, target: str, headers: Headers) -> Answer:
        """The answer, from the store if there is one for these headers."""
        for found, selecting, answer in self.stored:
            if found == target and all(_sent(headers, name) == values for name, values in selecting.items()):
                return answer
        self.asked += 1
        answer = self.app.request("GET", target, headers)
        varying = [name.strip() for value in answer.values("vary") for name in value.split(",")]
        if _may_store(answer, headers) and "*" not in varying:
            self.stored.append((target, {name: _sent(headers, name) for name in varying}, answer))
        return answer


def _sent(headers: Headers, name: str) -> list[str]:
    return [value for found, value in headers if found.lower() == name.lower()]


def _may_store(answer: Answer, headers: Headers) -> bool:
    said = ",".join(answer.values("cache-control")).lower()
    if answer.status != 200 or "private" in said or "no-store" in said:
        return False
    # Without leave, an answer to a request with Authorization is not for a shared cache (RFC 9111 section 3.5).
    return "public" in said or "s-maxage" in said or not _sent(headers, "authorization")
