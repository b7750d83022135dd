"""What can go wrong with a provider.

ProviderProblem   ProviderBusy · ProviderFailed · ProviderTimeout: worth asking again; the others are not
                  KeyRejected · Unpaid · ProviderRefused · UnsafePrompt
                  NothingUseful (NoImage · NoText · NoAudio) · ProviderImageTooLarge
UnknownProvider · TextTooLong · ToolOff · AllowanceSpent
"""

from server.errors import InvalidInput, Refusal


class ProviderProblem(Refusal, status=502):
    """A provider did not do what it was asked for. Never raised itself."""


class KeyRejected(ProviderProblem, code="provider_key_rejected"):
    """401 or 403: the operator's key is missing or wrong. Facts: `setting` that should hold it."""


class Unpaid(ProviderProblem, code="provider_unpaid"):
    """402, or a quota that is used up."""


class ProviderFailed(ProviderProblem, code="provider_failed"):
    """5xx, refused, reset, or cut before the first byte. Facts: `retry_after`."""


class ProviderTimeout(ProviderProblem, status=504, code="provider_timeout"):
    """No answer in time. Facts: `retry_after`."""


class ProviderBusy(ProviderProblem, status=503, code="provider_busy"):
    """408, 425 or 429. Facts: `retry_after`, the provider's where it tells."""


class ProviderRefused(ProviderProblem, status=422, code="provider_refused"):
    """Any other 4xx. Facts: `reason`, the provider's sentence."""


class UnsafePrompt(ProviderProblem, status=422, code="unsafe_prompt"):
    """The provider finds the prompt, or what came of it, unsafe. Facts: `reason`."""


class NothingUseful(ProviderProblem):
    """An answer that is not what was asked for. Facts: `content_type` it claims. Never raised itself."""


class NoImage(NothingUseful, code="provider_no_image"):
    """HTML, JSON, SVG or nothing, where an image should be."""


class NoText(NothingUseful, code="provider_no_text"):
    """No text, where a prompt should be."""


class NoAudio(NothingUseful, code="provider_no_audio"):
    """Something else, where sound should be."""


class ProviderImageTooLarge(ProviderProblem, code="provider_image_too_large"):
    """More than is fetched. Facts: `max_size` in bytes."""


class UnknownProvider(InvalidInput, code="unknown_provider"):
    """No such provider is on. Facts: `provider`."""


class TextTooLong(InvalidInput, code="text_too_long"):
    """Facts: `max_chars`, `length`."""


class ToolOff(Refusal, status=404, code="tool_off"):
    """The operator has not set up what this needs. Facts: `setting`."""


class AllowanceSpent(Refusal, status=429, code="allowance_spent"):
    """As many generations as the operator allows. Facts: `limit`, `retry_after` in seconds."""
