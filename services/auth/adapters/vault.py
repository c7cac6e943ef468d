"""Personal data and proofs over the vault."""

from __future__ import annotations

import orjson

from mesh import vault
from services.auth.domain import institutions, throttling, users

_PROFILE = "profile"
_CONTACT = "contact"


class VaultPersonalData:
    """`ports.PersonalData`: each user and each institution is a subject of the vault."""

    def __init__(self, store: vault.Vault) -> None:
        self._vault = store

    async def create(self, subject_id: str) -> None:
        await self._vault.create_subject(subject_id)

    async def destroy(self, subject_id: str) -> None:
        await self._vault.destroy_subject(subject_id)

    async def email_key(self, email: str) -> str:
        return await self._vault.mac("email", users.normalise_email(email))

    async def address_key(self, address: str) -> str:
        group = throttling.address_group(address)
        return await self._vault.mac("client_address", group) if group else ""

    async def seal_profile(self, user_id: str, version: int, profile: users.Profile) -> users.SealedProfile:
        plaintext = orjson.dumps(
            {
                "email": profile.email,
                "firstName": profile.first_name,
                "lastName": profile.last_name,
                "country": profile.country,
                "dateOfBirth": profile.date_of_birth,
            }
        )
        box = await self._vault.seal(user_id, purpose=_PROFILE, object_id=user_id, version=version, plaintext=plaintext)
        return users.SealedProfile(version, box)

    async def open_profile(self, user_id: str, sealed: users.SealedProfile) -> users.Profile:
        plaintext = await self._vault.open(
            user_id, purpose=_PROFILE, object_id=user_id, version=sealed.version, sealed=sealed.box
        )
        data = orjson.loads(plaintext)
        return users.Profile(
            data["email"], data["firstName"], data["lastName"], data["country"], date_of_birth=data["dateOfBirth"]
        )

    async def seal_contact(self, institution_id: str, email: str) -> institutions.SealedEmail:
        box = await self._vault.seal(
            institution_id, purpose=_CONTACT, object_id=institution_id, version=1, plaintext=email.encode()
        )
        return institutions.SealedEmail(box)

    async def open_contact(self, institution_id: str, sealed: institutions.SealedEmail) -> str:
        plaintext = await self._vault.open(
            institution_id, purpose=_CONTACT, object_id=institution_id, version=1, sealed=sealed.box
        )
        return plaintext.decode()


class VaultProofs:
    """`ports.Proofs`: proofs of refresh tokens."""

    def __init__(self, store: vault.Vault) -> None:
        self._vault = store

    async def prove(self, text: str) -> str:
        return await self._vault.mac("refresh_token", text)
