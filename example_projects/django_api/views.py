from django.http import JsonResponse

from jwks_auth_django import require_jwt


def public(request):
    return JsonResponse({"message": "hello, world"})


@require_jwt
def me(request):
    return JsonResponse({"sub": request.token.subject})


@require_jwt(scopes="orders:read")
def orders(request):
    return JsonResponse({"orders": []})


@require_jwt(roles="admin")
def admin(request):
    return JsonResponse({"admin": True})


@require_jwt(optional=True)
def optional(request):
    return JsonResponse({"sub": request.token.subject if request.token else None})
