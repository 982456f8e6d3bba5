from django.urls import path

from governance.people.views import account, directory, door

app_name = "people"
urlpatterns = [
    path("sign-in/", door.sign_in, name="sign-in"),
    path("sign-out/", door.sign_out, name="sign-out"),
    path("setup/", door.setup, name="setup"),
    path("invitation/<str:code>/", door.invitation, name="invitation"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/tokens/", account.make_token, name="make-token"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="revoke-token"),
    path("people/", directory.people, name="people"),
    path("people/invite/", directory.invite, name="invite"),
    path("people/invitations/<int:pk>/withdraw/", directory.withdraw, name="withdraw-invitation"),
    path("people/roles/", directory.add_role, name="add-role"),
    path("people/roles/<int:pk>/take/", directory.take_role, name="take-role"),
    path("people/<int:pk>/switch/", directory.switch, name="switch"),
    path("people/teams/", directory.make_team, name="make-team"),
]
