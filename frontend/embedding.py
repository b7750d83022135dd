"""What embedders call: the names and shapes that the original gave `hdImageManager` and `authManager`."""

from collections.abc import Awaitable, Callable
from typing import Any

from frontend.app import App
from frontend.errors import ClientError
from frontend.making import new_seed
from frontend.models import Image, ImageRequest

Actions = dict[str, Callable[..., Awaitable[Any]]]
Facts = dict[str, Callable[[], Any]]
TEXTS = ("original_prompt", "revised_prompt")
Members = Callable[..., dict[str, Any]]  # (a JavaScript object, names) -> those of its members that are there


def hd_image_manager(
    app: App, to_blob: Callable[[Any], Awaitable[Any]], members: Members, to_base64: Callable[[Any], Awaitable[str]]
) -> tuple[Actions, Facts]:
    """Return the methods of `window.hdImageManager`."""

    async def save(meta: Any) -> dict[str, Any]:
        """Save an image; resolves when the server has it, or with its state where it must wait in this browser."""
        given = members(meta, "prompt", "data", "width", "height", "seed", "model", "negative", *TEXTS)
        seed = int(given["seed"]) if "seed" in given else new_seed()
        text = [str(given.get(name, "")) for name in ("prompt", "negative", "model")]
        texts = {name: str(given.get(name, "")) for name in TEXTS}
        request = ImageRequest(text[0], text[1], 0, 0, seed, text[2], **texts)
        image, sending = await app.save(request, await to_blob(given.get("data")))
        if sending:
            await sending
        return {"success": True} | _settled(await app.manager.get(image.id)).to_api()

    async def daily() -> dict[str, Any]:
        images = [image.to_api() for image in reversed(app.images)]
        return {"success": True, "images": images, "count": len(images), "maxCount": app.config["maxCount"]}

    async def get(image_id: str) -> dict[str, Any]:
        image = await app.manager.get(image_id)
        return image.to_api() | {"data": await to_base64(await app.manager.blob(image_id))}

    async def load() -> dict[str, Any]:
        await app.sync(now=True, refresh=True)
        return await daily()

    async def delete(image_id: str) -> dict[str, Any]:
        await app.delete(image_id, asked=True)
        return {"success": True}

    async def stats() -> dict[str, Any]:
        await app.show()
        return app.numbers()

    actions: Actions = {
        "saveHDImage": save,
        "getDailyImages": daily,
        "getHDImage": get,
        "downloadHDImage": app.download,
        "deleteImage": delete,
        "loadDailyImages": load,
        "viewImage": app.view,
        "updateStats": stats,
    }
    return actions, {}


def auth_manager(app: App, members: Members) -> tuple[Actions, Facts]:
    """Return the methods of `window.authManager`."""

    async def enter(how: Callable[..., Awaitable[Any]], given: Any, names: tuple[str, ...]) -> dict[str, Any]:
        found = members(given, *names)
        account = await how(*(str(found.get(name, "")) for name in names))
        await app.accounts.entered()
        return {"success": True, "user": account.to_dict()}

    async def register(given: Any) -> dict[str, Any]:
        return await enter(app.session.sign_up, given, ("username", "email", "password"))

    async def login(given: Any) -> dict[str, Any]:
        return await enter(app.session.sign_in, given, ("email", "password"))

    async def logout() -> dict[str, Any]:
        await app.accounts.sign_out()
        return {"success": True}

    def current_user() -> dict[str, Any] | None:
        return app.session.account.to_dict() if app.session.account else None

    actions: Actions = {
        "register": register,
        "login": login,
        "logout": logout,
        "validateToken": app.session.validate,
    }
    return actions, {"isLoggedIn": lambda: current_user() is not None, "getCurrentUser": current_user}


def _settled(image: Image) -> Image:
    """Return the image, or raise why the server refused it; it stays in this browser all the same."""
    if image.state in ("local", "failed") and image.reason and image.reason["code"] != "signed_out":
        facts = {key: value for key, value in image.reason.items() if key not in {"code", "error"}} | {"id": image.id}
        raise ClientError(image.reason["error"], code=image.reason["code"], facts=facts)
    return image
