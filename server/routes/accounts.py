"""Sign-up, sign-in, sign-out, password, deletion."""

from starlette.requests import Request
from starlette.responses import Response

from server import answers
from server.accounts import Accounts, User
from server.auth import Auth
from server.bodies import read_form
from server.images import Images
from server.logs import log
from server.rates import Rates
from server.schemas import ChangePassword, DeleteAccount, Login, Logout, Register
from server.tokens import Tokens


class AccountRoutes:
    """`/api/auth/*`."""

    def __init__(self, accounts: Accounts, images: Images, tokens: Tokens, auth: Auth, rates: Rates) -> None:
        self._accounts = accounts
        self._images = images
        self._tokens = tokens
        self._auth = auth
        self._rates = rates

    async def register(self, request: Request) -> Response:
        """Create an account and sign in: 201, or 409 when the address is taken."""
        self._auth.refuse_cross_site(request)
        form = await read_form(request, Register)
        self._rates.registration(request)
        user = await self._accounts.register(form.username, form.email, form.password)
        log.info("registered", user=user.id)
        return self._signed_in(request, user, "registered", 201)

    async def login(self, request: Request) -> Response:
        """Sign in: 200, or 401."""
        self._auth.refuse_cross_site(request)
        form = await read_form(request, Login)
        with self._rates.attempt(request, form.email):
            user = await self._accounts.login(form.email, form.password)
        log.info("signed_in", user=user.id)
        return self._signed_in(request, user, "logged_in")

    async def validate(self, request: Request) -> Response:
        """Say who is signed in."""
        session = await self._auth.session(request)
        return answers.success({"user": session.user.public()})

    async def logout(self, request: Request) -> Response:
        """End this session, or all of the account's; the body may be empty."""
        session = await self._auth.session(request)
        form = await read_form(request, Logout) if request.headers.get("content-type") else Logout()
        if form.everywhere:
            await self._accounts.revoke_all(session.user.id)
        else:
            await self._accounts.revoke(session.user.id, session.claims.jti, session.claims.exp)
        log.info("signed_out", everywhere=form.everywhere)
        return self._signed_out(request, "logged_out")

    async def password(self, request: Request) -> Response:
        """Change the password: ends all sessions, and begins a new one here."""
        session = await self._auth.session(request)
        form = await read_form(request, ChangePassword)
        with self._rates.attempt(request, session.user.email):
            user = await self._accounts.change_password(session.user, form.current_password, form.new_password)
        log.info("password_changed")
        return self._signed_in(request, user, "password_changed")

    async def delete(self, request: Request) -> Response:
        """Delete the account and every image of it."""
        session = await self._auth.session(request)
        form = await read_form(request, DeleteAccount)
        with self._rates.attempt(request, session.user.email):
            await self._accounts.prove(session.user, form.password)
        await self._images.close(session.user.id)
        await self._accounts.delete(session.user)
        log.info("account_deleted")
        return self._signed_out(request, "account_deleted")

    def _signed_in(self, request: Request, user: User, key: str, status: int = 200) -> Response:
        token = self._tokens.issue(user.id, user.token_version)
        response = answers.message(request, key, status, token=token, user=user.public())
        self._auth.grant(request, response, token)
        return response

    def _signed_out(self, request: Request, key: str) -> Response:
        response = answers.message(request, key)
        self._auth.end(request, response)
        return response
