"""``APIS`` beside the project's routes: guards that name an API, prefixes that miss a route, metadata in one place."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jwks_auth import ConfigurationError
from jwks_auth_django.audit import requirements_of
from jwks_auth_django.checks.messages import error
from jwks_auth_django.conf import Configuration, Project, project
from jwks_auth_django.patterns import LANGUAGE, Route, routes_everywhere
from jwks_auth_django.routes import requirements

__all__ = ["check_apis"]

_OTHERS = ("django", "rest_framework", "ninja", "jwks_auth_django", "drf_spectacular")
_REMEDY = gettext_noop(
    "Take hosts as keys, decide by FOR_REQUEST, name the API in the guard (api=), or move the route"
)


def check_apis(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Check that each route is judged by the settings of the API that it belongs to."""
    try:
        found = project()
    except ImproperlyConfigured:
        return []  # told by check_settings
    return [
        *_named(found),
        *(_missed(found) if found.apis and found.keys.by_path else ()),
        *_at_one_place(found),
    ]


def _named(found: Project) -> Iterator[CheckMessage]:
    """Guards that name an API."""
    for path, requirement in requirements():
        if requirement.api is None:
            continue
        try:
            own = found.named(requirement.api)
        except ImproperlyConfigured as wrong:
            yield error(
                "E022",
                _("The view at {path}: {wrong}").format(path=path, wrong=wrong),
                _('Name a key of JWKS_AUTH["APIS"]'),
            )
            continue
        judge = found.at(path)[0]
        if found.keys.by_path and judge.with_middleware and judge.looks_at(path) and not _pass(judge, own):
            yield error(
                "E023",
                _(
                    "The view at {path}: its guard judges by {audience}, and the middleware before it by "
                    "{other_audience}, so that no token passes both"
                ).format(
                    path=path,
                    audience=own.label.format("AUDIENCE"),
                    other_audience=judge.label.format("AUDIENCE"),
                ),
                _(
                    'Give JWKS_AUTH["APIS"] a prefix of the path, decide by FOR_REQUEST, or name the '
                    "path in EXEMPT_PATHS"
                ),
            )


def _pass(judge: Configuration, own: Configuration) -> bool:
    """Return whether a token for the API *own* can pass *judge*."""
    if judge is own:
        return True
    first, second = judge.authenticator, own.authenticator
    if not {each.issuer for each in first.issuers} & {each.issuer for each in second.issuers}:
        return False
    asked = second.settings.shared.get("AUDIENCE")
    return asked is None or first.accepts(asked)


def _missed(found: Project) -> Iterator[CheckMessage]:
    """Routes that a prefix misses: below ``i18n_patterns``, or where another URLconf has them elsewhere."""
    routes = [route for route in routes_everywhere() if not _names_an_api(route)]
    homes: dict[Any, set[str]] = defaultdict(set)
    for route in routes:
        if (key := found.keys.at(route.path)) is not None:
            homes[_identity(route.view)].add(key)
    for route in routes:
        if found.keys.at(route.path) is not None:
            continue
        if LANGUAGE in route.path and (key := found.keys.at(route.path.replace(LANGUAGE, "", 1))) is not None:
            yield _miss(key, route, "i18n_patterns")
        elif route.urlconf is not None and homes[_identity(route.view)]:
            yield _miss(min(homes[_identity(route.view)]), route, "that URLconf")


def _miss(key: str, route: Route, why: str) -> CheckMessage:
    return error(
        "E024",
        _('JWKS_AUTH["APIS"]: the prefix {key!r} misses {place}, because of {why}').format(
            key=key, place=route.place, why=why
        ),
        _(_REMEDY),
    )


def _names_an_api(route: Route) -> bool:
    return any(getattr(each, "api", None) is not None for each in requirements_of(route.view))


def _identity(view: Any) -> Any:
    """The project's own class of a view, or else the view itself."""
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if owner is not None and owner.__module__.partition(".")[0] not in _OTHERS:
        return owner
    return inspect.unwrap(view) if inspect.isfunction(view) and owner is None else view


def _at_one_place(found: Project) -> Iterator[CheckMessage]:
    """Documents of two resources at one path, of which one is never served."""
    if found.keys.hosts:
        return
    places: dict[str, Configuration] = {}
    for config in found.all:
        try:
            path = config.authenticator.metadata().path
        except ConfigurationError:  # it has none
            continue
        if (other := places.setdefault(path, config)) is not config:
            yield error(
                "E025",
                _("The metadata of {resource} and {other_resource} are both at {path}").format(
                    resource=other.label.format("RESOURCE"),
                    other_resource=config.label.format("RESOURCE"),
                    path=path,
                ),
                _("Give each a path of its own, or tell the APIs apart by hosts"),
            )
