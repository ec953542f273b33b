"""``current_token`` and ``current_user``: what they are, and that they end with their request."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import copy_current_request_context, render_template_string, request, stream_with_context

from jwks_auth_flask import current_token, current_user, require_jwt
from tests.patience import PATIENCE


def subject():
    """Who is seen here and now."""
    return current_token.subject if current_token else None


def in_threads(ask, arguments):
    """What *ask* returns for each of *arguments*, all asked at once, as a threaded server would."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(lambda each: ask(*each), arguments))


def test_outside_a_request_there_is_no_token():
    """False to ask, an error to use."""
    assert not current_token
    assert not current_user
    with pytest.raises(RuntimeError, match="outside of request context"):
        current_token.subject


def test_an_unguarded_view_has_no_token(app, issuer):
    """Nobody looked at the header, so nobody may rely on it; the error names the fix."""
    app.testing = True
    app.add_url_rule("/asked", view_func=lambda: {"sub": subject()}, endpoint="asked")
    app.add_url_rule("/used", view_func=lambda: {"sub": current_token.subject}, endpoint="used")
    client = app.test_client()
    assert client.get("/asked", headers=issuer.headers()).json == {"sub": None}
    with pytest.raises(RuntimeError, match="@require_jwt"):
        client.get("/used", headers=issuer.headers())


def test_templates_see_the_token(app, issuer):
    """It can be passed on like any object."""

    @app.get("/")
    @require_jwt
    def page():
        return render_template_string("hello {{ token.subject }}", token=current_token)

    assert app.test_client().get("/", headers=issuer.headers(sub="u1")).text == "hello u1"


def test_a_pushed_app_context_leaks_nothing(app, issuer):
    """Requests inside one app context, as in a script, do not see each other's token; ``flask.g`` would."""
    app.add_url_rule("/in", view_func=require_jwt(lambda: {"sub": subject()}), endpoint="in")
    app.add_url_rule("/open", view_func=lambda: {"sub": subject()}, endpoint="open")
    with app.app_context():
        client = app.test_client()
        assert client.get("/in", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}
        assert client.get("/open").json == {"sub": None}
        assert client.get("/in", headers=issuer.headers(sub="u2")).json == {"sub": "u2"}
        assert not current_token


def test_a_nested_test_request_context_leaks_nothing(app, issuer):
    """A request context pushed inside a request has its own; afterwards the outer one is back."""
    app.add_url_rule("/other", view_func=lambda: {"sub": subject()}, endpoint="other")

    @app.get("/")
    @require_jwt
    def outer():
        with app.test_request_context("/other", headers=issuer.headers(sub="inner")):
            inside = subject()
        nested = app.test_client().get("/other").json["sub"]
        return {"seen": [inside, nested, subject()]}

    assert app.test_client().get("/", headers=issuer.headers(sub="u1")).json == {"seen": [None, None, "u1"]}


def test_a_request_with_the_same_environ_is_another_request(app, issuer):
    """A WSGI app called with this request's environ judges for itself."""
    app.add_url_rule("/open", view_func=lambda: {"sub": subject()}, endpoint="open")

    @app.get("/")
    @require_jwt
    def outer():
        with app.request_context(request.environ):
            inside = subject()
        return {"seen": [inside, subject()]}

    assert app.test_client().get("/", headers=issuer.headers(sub="u1")).json == {"seen": [None, "u1"]}


def test_teardown_sees_the_token_and_then_it_is_gone(app, issuer):
    """``after_request`` and ``teardown_request`` may use it; nothing keeps it alive."""
    seen, kept = [], []
    app.after_request(lambda response: seen.append(subject()) or response)
    app.teardown_request(lambda error: seen.append(subject()))

    @app.get("/")
    @require_jwt
    def view():
        kept.append(weakref.ref(request._get_current_object()))
        return {}

    app.test_client().get("/", headers=issuer.headers(sub="u1"))
    gc.collect()
    assert seen == ["u1", "u1"]
    assert not current_token
    assert kept[0]() is None


def test_an_error_in_the_view_leaks_nothing(app, issuer):
    """A crash ends its request like any other."""

    @app.get("/crash")
    @require_jwt
    def crash():
        raise ZeroDivisionError

    app.add_url_rule("/open", view_func=lambda: {"sub": subject()}, endpoint="open")
    client = app.test_client()
    assert client.get("/crash", headers=issuer.headers()).status_code == 500
    assert client.get("/open").json == {"sub": None}


def test_streaming_responses_keep_apart(app, issuer):
    """Streams sent at the same time each see their own token; without ``stream_with_context``, none."""
    meet = threading.Barrier(3)

    def parts():
        for _ in range(3):
            meet.wait(PATIENCE)
            yield f"{subject()} "

    app.add_url_rule("/with", view_func=require_jwt(lambda: stream_with_context(parts())), endpoint="with")
    app.add_url_rule("/without", view_func=require_jwt(lambda: parts()), endpoint="without")
    read = in_threads(
        lambda path, sub: app.test_client().get(path, headers=issuer.headers(sub=sub)).text,
        [("/with", "u1"), ("/with", "u2"), ("/without", "u3")],
    )
    assert read == ["u1 u1 u1 ", "u2 u2 u2 ", "None None None "]
    assert not current_token


def test_other_threads_see_nothing_unless_the_context_is_copied(app, issuer):
    """``copy_current_request_context`` takes the token along, a bare thread does not."""

    @app.get("/")
    @require_jwt
    def view():
        seen = []
        for target in (
            lambda: seen.append(subject()),
            copy_current_request_context(lambda: seen.append(subject())),
        ):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        return {"seen": seen}

    assert app.test_client().get("/", headers=issuer.headers(sub="u1")).json == {"seen": [None, "u1"]}


def test_concurrent_requests_keep_apart(app, issuer):
    """Requests in many threads at once each see their own token."""
    meet = threading.Barrier(8)

    @app.get("/")
    @require_jwt
    def view():
        meet.wait(PATIENCE)
        return {"sub": subject()}

    subjects = [f"u{number}" for number in range(8)]
    seen = in_threads(
        lambda sub: app.test_client().get("/", headers=issuer.headers(sub=sub)).json["sub"],
        [(each,) for each in subjects],
    )
    assert seen == subjects


def sync_view():
    """Who is signed in."""
    return {"name": current_user["name"]}


async def async_view():
    """Who is signed in."""
    return {"name": current_user["name"]}


@pytest.mark.parametrize("view", [sync_view, async_view])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_user_loaders(app, auth, issuer, view, kind):
    """Sync or async, on sync or async views; asked once a request."""
    asked = []

    def load(token):
        asked.append(token.subject)
        return {"name": token.subject.upper()}

    async def load_async(token):
        return load(token)

    registered = load if kind == "sync" else load_async
    assert auth.user(registered) is registered
    app.add_url_rule("/", view_func=require_jwt(require_jwt(view)))
    assert app.test_client().get("/", headers=issuer.headers(sub="u1")).json == {"name": "U1"}
    assert asked == ["u1"]


@pytest.mark.parametrize("view", [sync_view, async_view])
def test_a_token_without_a_user_is_refused(app, auth, issuer, view):
    """``None`` from the loader: the token is good, its user is gone, the view does not run."""
    auth.user_loader(lambda token: None)
    app.add_url_rule("/", view_func=require_jwt(view))
    answer = app.test_client().get("/", headers=issuer.headers())
    assert answer.status_code == 401
    assert answer.json == {
        "error": "invalid_token",
        "error_description": "The access token's user may not sign in",
    }


def test_without_a_loader_there_is_no_user(app, issuer):
    """The error says how to get one."""
    app.testing = True
    app.add_url_rule("/asked", view_func=require_jwt(lambda: {"user": bool(current_user)}), endpoint="asked")
    app.add_url_rule("/used", view_func=require_jwt(lambda: {"user": current_user.name}), endpoint="used")
    client = app.test_client()
    assert client.get("/asked", headers=issuer.headers()).json == {"user": False}
    with pytest.raises(RuntimeError, match=r"@auth\.user"):
        client.get("/used", headers=issuer.headers())


def test_an_optional_view_without_a_token_has_no_user(app, auth):
    """Nobody is loaded for nobody."""
    auth.user_loader(lambda token: {"name": "x"})
    app.add_url_rule("/", view_func=require_jwt(optional=True)(lambda: {"user": bool(current_user)}))
    assert app.test_client().get("/").json == {"user": False}


def test_a_loader_s_own_error_is_the_app_s(app, auth, issuer):
    """A broken database is no fault of the token, and no reason to hide it."""
    app.testing = True

    @auth.user_loader
    def load(token):
        raise ZeroDivisionError

    app.add_url_rule("/", view_func=require_jwt(sync_view))
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/", headers=issuer.headers())
