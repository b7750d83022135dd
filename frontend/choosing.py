"""What images can be made with here: what the server has on, the painter always, and what the person chose of it."""

from typing import TYPE_CHECKING, Any

from frontend.errors import ClientError, Unauthorized
from frontend.generators.remote import AGAIN
from frontend.models import Image
from frontend.providers import PAINTER, Provider, provider_of, values

if TYPE_CHECKING:
    from frontend.app import App

OWN_FAULT = {"provider_refused", "unsafe_prompt", "invalid_field", "missing_field"}  # only another prompt helps


class Choosing:
    """The picker: generators and their models."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._models: dict[str, list[dict[str, Any]]] = app.preferences.get("models") or {}
        self._asked: set[str] = set()
        self._picked = ""  # on this visit, by the person or for them
        app.views.picker.on_choice = self.choose
        app.views.gallery.smaller_format = self.smaller_format

    @property
    def providers(self) -> list[Provider]:
        """The providers that are on, in the operator's order; the painter is not among them."""
        return [Provider.of(each) for each in self._app.config.get("providers") or []]

    def provider(self, model: str) -> Provider:
        """Return the provider of a model; what is not on here is taken for the painter."""
        return next((each for each in self.providers if each.id == provider_of(model)), PAINTER)

    def generator(self, model: str) -> Any:
        """Return what makes images with this model; raises Unauthorized where somebody has to sign in first."""
        if provider_of(model) in self._app.generators:
            return self._app.generators[provider_of(model)]
        if self._must_sign_in():
            raise Unauthorized("sign in first")
        return self._app.generators["remote"]

    def smaller_format(self, image: Image) -> str:
        """Return the format in which the provider can make an image again, smaller; empty for none."""
        return self.provider(image.model).smaller_format(image.content_type)

    async def load(self) -> None:
        """Ask each provider for its models, once a visit; where none come, those known before stay."""
        for provider in self.providers:
            if provider.id not in self._asked:
                try:
                    models, named = await self._app.api.models(provider.id)
                except ClientError:
                    continue
                if named:
                    self._asked.add(provider.id)
                self._models[provider.id] = models if named else self._models.get(provider.id, models)
        self._app.preferences.put("models", self._models or None)
        self.show()

    def choose(self, model: str) -> None:
        """Take the person's choice, and remember it."""
        self._app.preferences.put("model", model)
        self.pick(model)

    def pick(self, model: str) -> bool:
        """Choose for this visit; return whether it is on."""
        self._picked = model
        self.show()
        return self._chosen() == model

    def show(self) -> None:
        """Bring the picker, and what depends on the choice, to what is on."""
        chosen = self._chosen()
        provider, translate = self.provider(chosen), self._app.translate
        picker = self._app.views.picker
        picker.offer([(each.name, self._values(each)) for each in self.providers], chosen)
        if provider is PAINTER:
            note = translate("generator.landscape_note")
        else:
            key = "generator.sign_in" if self._must_sign_in() else "generator.remote_note"
            note = translate(key, name=provider.name)
        picker.show(provider, note)
        picker.off(self._off())

    def trouble(self, error: ClientError, model: str) -> None:
        """Tell why there is no image, and the ways out there are."""
        provider, translate = self.provider(model), self._app.translate
        self._app.views.status.say("")
        text = self._app.sentence(error, name=provider.name)
        ways = ["painter"] if provider is not PAINTER and error.code not in OWN_FAULT else []
        if isinstance(error, Unauthorized):
            self._app.session.ended = self._app.session.account is not None
            self._app.background(self._app.show())
            text, ways = translate("generator.sign_in", name=provider.name), ["sign_in", *ways]
        elif error.code in AGAIN:
            ways = ["again", *ways]
        self._app.views.studio.trouble(text, ways)

    def _values(self, provider: Provider) -> dict[str, str]:
        return values(provider, self._models.get(provider.id, []))

    def _chosen(self) -> str:
        offered = [value for provider in self.providers for value in self._values(provider)] + [PAINTER.id]
        wanted = (self._picked, self._app.preferences.get("model"))
        return next((value for value in wanted if value in offered), offered[0])

    def _must_sign_in(self) -> bool:
        access = (self._app.config.get("generation") or {}).get("access")
        return access != "anyone" and self._app.session.account is None

    def _off(self) -> str:
        """Return one line on what this server could do too, empty before it was heard once."""
        config, translate = self._app.config, self._app.translate
        if "providers" not in config:
            return ""
        off = [] if config["providers"] else [translate("off.images")]
        off += [] if any((config.get("tools") or {}).values()) else [translate("off.tools")]
        off += [] if config.get("speech") else [translate("off.speech")]
        return translate("off.here", what=translate("off.and").join(off)) if off else ""
