from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ingest.web.hosts import is_public, resolve


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "77.88.8.8", "223.5.5.5", "2606:4700::1111", "2a02:6b8::feed:ff", "64:ff9b::101:101"]
)
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_no_better_than_by_itself(inner: IPv4Address) -> None:
    number = int(inner)
    mapped = IPv6Address((0xFFFF << 32) | number)
    nat64 = IPv6Address((0x64FF9B << 96) | number)
    six_to_four = IPv6Address((0x2002 << 112) | (number << 80) | 1)
    assert {is_public(mapped), is_public(nat64), is_public(six_to_four)} == {is_public(inner)}


@given(st.ip_addresses(v=6))
def test_ipv6_is_public_only_in_unicast_space_or_for_what_it_carries(address: IPv6Address) -> None:
    carries = address.ipv4_mapped is not None or address in IPv6Network("64:ff9b::/96")
    assert not is_public(address) or carries or address in IPv6Network("2000::/3")


@pytest.mark.parametrize("number", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_numbers_in_odd_forms_are_seen_through(number: str) -> None:
    assert resolve(number) == (IPv4Address("127.0.0.1"),)


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
def test_what_is_no_host_name_is_not_found(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011  # the system words it as it likes
        resolve(host)
