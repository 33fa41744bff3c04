//! How every kind of address is judged, and what configuration opens.
use super::*;

fn check(address: &str, wanted: Result<(), &'static str>) {
    assert_eq!(may_call(address.parse().unwrap(), &[]), wanted, "{address}");
}

#[test]
fn what_is_on_the_internet_may_be_called() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00::1",
        "2400:3200::1",
        "2001:200::1",
        // The same, written as IPv6.
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ] {
        check(address, Ok(()));
    }
}

#[test]
fn every_block_that_is_not_the_internet_is_refused_at_both_ends() {
    for (ends, what) in [
        (["0.0.0.0", "0.255.255.255"], "unspecified"),
        (["10.0.0.0", "10.255.255.255"], "private"),
        (["100.64.0.0", "100.127.255.255"], "carrier-grade NAT"),
        (["127.0.0.0", "127.255.255.255"], "loopback"),
        (["169.254.0.0", "169.254.255.255"], "link-local"),
        (["172.16.0.0", "172.31.255.255"], "private"),
        (["192.0.0.0", "192.0.0.255"], "protocol assignments"),
        (["192.0.2.0", "192.0.2.255"], "documentation"),
        (["192.88.99.0", "192.88.99.255"], "6to4 relay"),
        (["192.168.0.0", "192.168.255.255"], "private"),
        (["198.18.0.0", "198.19.255.255"], "benchmarking"),
        (["198.51.100.0", "198.51.100.255"], "documentation"),
        (["203.0.113.0", "203.0.113.255"], "documentation"),
        (["224.0.0.0", "239.255.255.255"], "multicast"),
        (["240.0.0.0", "255.255.255.254"], "reserved"),
        (["255.255.255.255", "255.255.255.255"], "broadcast"),
        (["::", "::"], "unspecified"),
        (["::1", "::1"], "loopback"),
        (["::2", "::ffff:ffff"], "not global unicast"),
        (["::7f00:1", "::a00:1"], "not global unicast"),
        (["::ffff:0:7f00:1", "::ffff:0:a00:1"], "not global unicast"),
        (["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:7f00:1"], "local NAT64"),
        (["100::", "100::ffff:ffff:ffff:ffff"], "not global unicast"),
        (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], "protocol assignments"),
        (["2001:0:7f00:1::", "2001::80ff:fffe"], "protocol assignments"),
        (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], "documentation"),
        (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], "documentation"),
        (["5f00::", "5f00::1"], "not global unicast"),
        (["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "unique local"),
        (["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "link-local"),
        (["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "site-local"),
        (["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "multicast"),
    ] {
        for address in ends {
            check(address, Err(what));
        }
    }
}

#[test]
fn an_ipv4_address_inside_of_an_ipv6_address_is_judged_as_itself() {
    for (v4, what) in [
        ("127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("169.254.169.254", "cloud metadata"),
        ("100.100.100.200", "cloud metadata"),
        ("168.63.129.16", "cloud metadata"),
        ("224.0.0.1", "multicast"),
        ("0.0.0.0", "unspecified"),
    ] {
        check(v4, Err(what));
        check(&format!("::ffff:{v4}"), Err(what));
        check(&format!("64:ff9b::{v4}"), Err(what));
        let [a, b, c, d] = v4.parse::<Ipv4Addr>().unwrap().octets();
        check(&format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}:1::2"), Err(what));
    }
}

#[test]
fn configuration_opens_what_it_names_and_no_more() {
    let allowed = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let check = |address: &str, wanted| {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(may_call(address, &allowed), wanted, "{address}");
    };
    check("127.0.0.1", Ok(()));
    check("::ffff:127.0.0.1", Ok(()));
    check("fd00::1", Ok(()));
    check("::1", Err("loopback"));
    check("10.0.0.1", Err("private"));
    check("fd00:ec2::254", Err("cloud metadata"));
    assert!(is_inside("127.0.0.1".parse().unwrap(), &allowed));
    assert!(!is_inside("8.8.8.8".parse().unwrap(), &allowed));
}

#[test]
fn no_configuration_opens_metadata_multicast_or_nobodys_addresses() {
    let all = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    for address in ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::2"]
    {
        let address: IpAddr = address.parse().unwrap();
        assert!(may_call(address, &all).is_err() && !is_inside(address, &all), "{address}");
    }
}
