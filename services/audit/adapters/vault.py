"""Signatures and concealment by the vault."""

from __future__ import annotations

import base64
import dataclasses

from mesh import vault
from services.audit.domain.records import Facts

ADDRESS, AGENT = "audit-ip-address", "audit-user-agent"


class VaultSigner:
    """`ports.Signer` by the vault's keyed hash."""

    def __init__(self, keys: vault.Vault) -> None:
        self._vault = keys

    async def sign(self, purpose: str, text: str) -> str:
        return await self._vault.mac(purpose, text)


class VaultConcealer:
    """`ports.Concealer`: `sealed:` and base64, or `mac:` and hex where the actor has no key (or none any more)."""

    def __init__(self, keys: vault.Vault) -> None:
        self._vault = keys

    async def conceal(self, facts: Facts) -> Facts:
        if not facts.ip_address and not facts.user_agent:
            return facts
        return dataclasses.replace(
            facts,
            ip_address=await self._hide(facts, ADDRESS, facts.ip_address),
            user_agent=await self._hide(facts, AGENT, facts.user_agent),
        )

    async def _hide(self, facts: Facts, purpose: str, text: str) -> str:
        if not text:
            return ""
        if facts.actor_type in {"user", "institution"} and facts.actor_id:
            try:
                sealed = await self._vault.seal(
                    facts.actor_id, purpose=purpose, object_id=facts.event_id, version=1, plaintext=text.encode()
                )
                return "sealed:" + base64.b64encode(sealed).decode()
            except (vault.SubjectUnknown, vault.SubjectDestroyed):
                pass
        return "mac:" + await self._vault.mac(purpose, text)
