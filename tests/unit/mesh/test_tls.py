from __future__ import annotations

import concurrent.futures
import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509

from mesh import clock, tls
from mesh.settings import SettingsError
from tests.support.clocks import HandClock


def names(identity: tls.Identity) -> tuple[list[str], list[str]]:
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uris = found.get_values_for_type(x509.UniformResourceIdentifier)
    return uris, found.get_values_for_type(x509.DNSName)


def test_certificate_names_the_service_and_never_the_machine() -> None:
    identity = tls.throwaway(clock.SystemClock(), ("auth",)).identity("auth")
    assert names(identity) == (["spiffe://credpass.internal/auth"], ["auth.credpass.internal"])
    assert b"localhost" not in identity.certificate


def test_key_is_in_no_repr() -> None:
    identity = tls.throwaway(clock.SystemClock(), ("auth",)).identity("auth")
    assert "PRIVATE" not in repr(identity)
    assert identity.key.reveal().decode() not in repr(identity)


def test_identity_that_a_process_does_not_have_is_named() -> None:
    with pytest.raises(SettingsError, match="audit"):
        tls.throwaway(clock.SystemClock(), ("auth",)).identity("audit")


def test_certificates_are_written_once_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    tls.write_certificates(folder, clock.SystemClock())
    first = tls.load(folder, tls.IDENTITIES)
    tls.write_certificates(folder, clock.SystemClock())
    assert tls.load(folder, tls.IDENTITIES) == first
    assert {identity.ca for identity in first.identities.values()} == {(folder / "ca.pem").read_bytes()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for key in folder.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_authority(tmp_path: Path) -> None:
    folder = tmp_path / "tls"

    def start(service: str) -> bytes:
        tls.write_certificates(folder, clock.SystemClock(), (service,))
        return tls.load(folder, (service,)).identity(service).ca

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, tls.IDENTITIES))) == 1


def test_certificate_that_ends_soon_or_fits_nothing_is_minted_anew(tmp_path: Path) -> None:
    time = HandClock()
    tls.write_certificates(tmp_path, time, ("auth", "audit"))
    first = tls.load(tmp_path, ("auth", "audit"), time)
    (tmp_path / "audit.key").write_bytes(first.identity("auth").key.reveal())
    tls.write_certificates(tmp_path, time, ("auth", "audit"))
    second = tls.load(tmp_path, ("auth", "audit"), time)
    assert second.identity("auth") == first.identity("auth")
    assert second.identity("audit").certificate != first.identity("audit").certificate
    time.move(days=340)
    tls.write_certificates(tmp_path, time, ("auth", "audit"))
    third = tls.load(tmp_path, ("auth",), time).identity("auth")
    assert third.certificate != first.identity("auth").certificate
    assert third.ca == first.identity("auth").ca


def test_authority_that_ends_before_its_certificates_is_replaced_with_all_of_them(tmp_path: Path) -> None:
    time = HandClock()
    tls.write_certificates(tmp_path, time, ("auth",))
    first = tls.load(tmp_path, ("auth",), time).identity("auth")
    time.move(days=3650 - 300)
    tls.write_certificates(tmp_path, time, ("auth",))
    second = tls.load(tmp_path, ("auth",), time).identity("auth")
    assert second.ca != first.ca
    certificate = x509.load_pem_x509_certificate(second.certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(second.ca))


def test_missing_certificate_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"CREDPASS_TLS_DIR: no certificate for auth in .*credpass certs"):
        tls.load(tmp_path, ("auth",))


def test_certificate_that_has_ended_or_is_none_keeps_a_process_from_starting(tmp_path: Path) -> None:
    time = HandClock()
    tls.write_certificates(tmp_path, time, ("auth",))
    time.move(days=366)
    with pytest.raises(
        SettingsError, match=r"^CREDPASS_TLS_DIR: the certificate of auth in .* ended on 2027-02-15; .*certs"
    ):
        tls.load(tmp_path, ("auth",), time)
    tls.write_certificates(tmp_path, time, ("auth",))
    tls.load(tmp_path, ("auth",), time)
    (tmp_path / "auth.pem").write_text("nonsense")
    with pytest.raises(SettingsError, match=r"^CREDPASS_TLS_DIR: auth\.pem in .* is no certificate"):
        tls.load(tmp_path, ("auth",), time)


def test_certificates_end() -> None:
    identity = tls.Authority.mint(HandClock()).issue("auth", life=dt.timedelta(hours=1))
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    assert certificate.not_valid_after_utc == HandClock().now() + dt.timedelta(hours=1)


def test_each_service_is_handed_its_own_identity_and_nobody_the_authority(tmp_path: Path) -> None:
    folder, to = tmp_path / "tls", tmp_path / "identities"
    tls.write_certificates(folder, clock.SystemClock())
    tls.hand_out(folder, to, ("auth", "audit"))
    tls.hand_out(folder, to, ("auth", "audit"))
    assert tls.load(to / "auth", ("auth",)) == tls.load(folder, ("auth",))
    found = {str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()}
    assert found == {
        f"{name}/{file}" for name in ("auth", "audit") for file in ("ca.pem", f"{name}.pem", f"{name}.key")
    }
    assert stat.S_IMODE((to / "auth" / "auth.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((to / "auth").stat().st_mode) == 0o700


def test_a_renewed_identity_is_handed_out_with_its_authority(tmp_path: Path) -> None:
    folder, to = tmp_path / "tls", tmp_path / "identities"
    tls.write_certificates(folder, clock.SystemClock(), ("auth",))
    tls.hand_out(folder, to, ("auth",))
    (folder / "ca.key").unlink()
    tls.write_certificates(folder, clock.SystemClock(), ("auth",))
    tls.hand_out(folder, to, ("auth",))
    assert tls.load(to / "auth", ("auth",)) == tls.load(folder, ("auth",))


def test_an_identity_that_cannot_be_handed_out_is_one_clear_line(tmp_path: Path) -> None:
    tls.write_certificates(tmp_path / "tls", clock.SystemClock(), ("auth",))
    (tmp_path / "occupied").write_text("")
    with pytest.raises(SettingsError, match=r"occupied/auth: no certificate can be written there \(Not a directory\)$"):
        tls.hand_out(tmp_path / "tls", tmp_path / "occupied", ("auth",))
    with pytest.raises(SettingsError, match="no certificate for audit"):
        tls.hand_out(tmp_path / "tls", tmp_path / "identities", ("audit",))
