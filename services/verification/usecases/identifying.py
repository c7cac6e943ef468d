"""Who shows an API key: from what is kept, and from auth for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from mesh import apikeys, errors
from services.verification import domain, ports

Identified: TypeAlias = domain.Caller | errors.ServiceError


class IdentifyCallers:
    """Identifies the keys of a batch. A wrong key is an answer of its own and never fails its neighbours."""

    def __init__(self, keys: ports.Keys) -> None:
        self._keys = keys

    async def __call__(
        self,
        presented: Mapping[str, apikeys.ApiKeyText | None],
        kept: Mapping[str, domain.KnownKey],
        now: datetime,
    ) -> dict[str, Identified]:
        """The caller, or the refusal, for each key as it was shown; what is in `kept` is by prefix."""
        identified = {text: _recalled(text, form, kept, now) for text, form in presented.items()}
        asked = [text for text, known in identified.items() if known is None]
        answers = zip(asked, await self._ask(asked), strict=True)
        return {text: known for text, known in identified.items() if known is not None} | dict(answers)

    async def _ask(self, texts: Sequence[str]) -> Sequence[Identified]:
        if not texts:
            return []
        try:
            return [_with_scope(answer) for answer in await self._keys.authenticate(texts)]
        except errors.ServiceError as trouble:
            return [trouble] * len(texts)


def forms(texts: Iterable[str]) -> dict[str, apikeys.ApiKeyText | None]:
    """Each distinct key with its parts; None where it has not the form of one."""
    return {text: _form(text) for text in set(texts)}


def _form(text: str) -> apikeys.ApiKeyText | None:
    try:
        return apikeys.parse(text)
    except ValueError:
        return None


def _recalled(
    text: str, form: apikeys.ApiKeyText | None, kept: Mapping[str, domain.KnownKey], now: datetime
) -> Identified | None:
    """What can be said without asking; None when auth must be asked."""
    if form is None:
        return errors.InvalidCredentials() if text else errors.Unauthenticated()
    known = kept.get(form.prefix)
    if known is None:
        return None
    return _with_scope(known.caller) if known.admits(apikeys.hash_key(text), now) else errors.InvalidCredentials()


def _with_scope(identified: Identified) -> Identified:
    if isinstance(identified, domain.Caller) and domain.SCOPE not in identified.scopes:
        return errors.PermissionDenied()
    return identified
