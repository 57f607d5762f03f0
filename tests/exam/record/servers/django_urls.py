"""Routes of the Django server: REST framework with each of its authentications, simplejwt, and Ninja."""

from django.urls import path
from ninja import NinjaAPI
from ninja.security import HttpBearer
from rest_framework.authentication import BasicAuthentication, SessionAuthentication, TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

import jwt


def view(*classes):
    class View(APIView):
        authentication_classes = classes
        permission_classes = [IsAuthenticated]

        def get(self, request):
            return Response({"user": request.user.username})

    return View.as_view()


class Bearer(HttpBearer):
    def authenticate(self, request, token):
        try:
            return jwt.decode(token, "exam-secret-exam-secret-exam-secret", algorithms=["HS256"])
        except jwt.PyJWTError:
            return None


ninja = NinjaAPI(auth=Bearer())


@ninja.get("/orders")
def orders(request):
    return {"orders": []}


urlpatterns = [
    path("token/", TokenObtainPairView.as_view()),
    path("token/refresh/", TokenRefreshView.as_view()),
    path("jwt/", view(JWTAuthentication)),
    path("token-auth/", view(TokenAuthentication)),
    path("basic/", view(BasicAuthentication)),
    path("session/", view(SessionAuthentication)),
    path("ninja/", ninja.urls),
]
