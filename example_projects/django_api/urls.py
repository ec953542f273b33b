import views
from django.urls import path

urlpatterns = [
    path("public", views.public),
    path("me", views.me),
    path("orders", views.orders),
    path("admin", views.admin),
    path("optional", views.optional),
]
