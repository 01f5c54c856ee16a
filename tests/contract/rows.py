"""Every attack on a bundle that is known, by its number, and what shows that it fails.

The numbers are those of the plan's table of attacks. Names of vectors may end in ``*``.
"""

from __future__ import annotations

import msgspec

ATTACKS = "tests/verify/test_attacks.py::"
CLI = "tests/cli/"
FOREIGN = "tests/verify/foreign/"
KEYS = "tests/signing/test_keys.py::"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One attack."""

    vectors: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


def _row(vectors: str = "", *tests: str) -> Row:
    return Row(vectors=tuple(vectors.split()), tests=tests)


ELSEWHERE = frozenset({10, *range(49, 66), 67, 68, 72})
"""Attacks on what bundles do not have yet: timestamps, logs, identity events, reports, exported lists."""

ROWS: dict[int, Row] = {
    1: _row("provenance-stripped* provenance-null all-signatures-stripped packed-and-not-sealed"),
    2: _row("dsse-ml-dsa-signature-missing dsse-ed25519-signature-missing dsse-no-signatures "
            "identity-reduced-to-its-ed25519-key"),
    3: _row("dsse-signature-by-the-attacker-* dsse-keyid-*"),
    4: _row("attackers-seal-*",
            "tests/cli/test_verify.py::test_a_signer_that_nobody_trusts_is_not_named"),
    5: _row("nobody-is-trusted sealed-by-an-identity-that-is-not-listed "
            "trusted-by-a-key-and-not-by-its-identity"),
    6: _row("dsse-one-signature-twice* dsse-one-more-signature identity-key-twice "
            "policy-requires-two-identities"),
    7: _row("wacz-auth-high-s",
            FOREIGN + "test_lookalikes.py::test_a_look_alike_is_whole_and_proves_nobody"),
    8: _row("identity-key-of-order-* identity-key-that-is-no-point",
            KEYS + "test_a_small_order_key_is_refused",
            KEYS + "test_a_non_canonical_ed25519_point_is_refused"),
    9: _row("identity-algorithm-* identity-key-on-p-256 identity-key-of-rsa "
            "json-envelope-signature-key-unknown wacz-auth-with-sha-* wacz-auth-key-of-another-curve"),
    11: _row("dsse-payload-type-* dsse-signed-*"),
    12: _row("statement-of-an-older-in-toto statement-of-another-predicate "
             "statement-that-is-a-countersignature"),
    13: _row("dsse-signature-of-wacz-auth dsse-signature-of-a-log-checkpoint"),
    14: _row("dsse-envelope-of-another-bundle wacz-auth-of-another-bundle"),
    15: _row("statement-digest-md5-alone statement-digest-sha1-alone statement-digest-of-no-algorithm "
             "statement-digest-empty statement-without-subjects"),
    16: _row("statement-digest-beside-a-wrong-sha512"),
    17: _row("statement-digest-beside-an-unknown-one"),
    18: _row("statement-digest-in-capitals statement-digest-with-its-algorithm statement-digest-with-0x "
             "statement-digest-cut-short datapackage-digest-of-a-member-in-capitals "
             "record-block-digest-in-capitals"),
    19: _row("member-not-listed warc-not-listed datapackage-lists-one-member-less"),
    20: _row("member-missing-* datapackage-lists-one-member-more statement-of-a-member-more"),
    21: _row("zip-member-twice-* zip-member-listed-twice"),
    22: _row("zip-local-* zip-crc-wrong-in-both-headers",
             "tests/bundle/test_container.py::test_a_changed_byte_outside_the_data_is_refused"),
    23: _row("zip-with-a-prefix zip-with-an-adjusted-prefix zip-with-a-suffix "
             "zip-with-a-second-zip-behind-it zip-with-a-comment zip-with-a-member-comment "
             "zip-with-an-extra-field zip-with-a-gap-*"),
    24: _row("zip-members-overlap zip-member-inside-another zip-members-listed-in-another-order "
             "zip-members-in-another-order"),
    25: _row("zip64-*"),
    26: _row("zip-data-descriptor*"),
    27: _row("member-name-leads-upwards member-name-begins-upwards member-name-is-absolute "
             "member-name-has-a-drive member-name-has-backslashes member-name-has-a-nul "
             "member-name-has-an-empty-component member-name-has-a-dot-component member-name-is-empty"),
    28: _row("zip-symlink zip-device zip-made-on-unix member-name-is-a-directory-with-data"),
    29: _row("zip-encrypted-flag zip-strong-encryption-flag zip-unknown-method zip-deflated-member",
             FOREIGN + "test_forgeries.py::test_a_deflated_warc_fails"),
    30: _row("zip-claims-a-million-members policy-limits-* evidence-of-1001-entries",
             "tests/verify/test_limits.py::test_two_seconds_and_two_hundred_megabytes",
             ATTACKS + "test_a_large_block_is_never_held_whole",
             ATTACKS + "test_a_body_of_tiny_chunks_is_a_limit",
             ATTACKS + "test_many_header_fields_are_a_limit",
             ATTACKS + "test_json_of_many_empty_things_is_a_limit",
             "tests/warc/test_scan.py::test_limits_are_kept",
             "tests/warc/test_scan.py::test_a_bomb_takes_little_memory"),
    31: _row("member-name-is-in-nfc member-name-is-in-nfd member-name-has-a-fullwidth-slash "
             "member-name-has-a-bidi-override member-name-case-twins member-name-has-capitals "
             "member-name-in-cp437 zip-utf8-flag"),
    32: _row("json-*-key-twice wacz-auth-twice-*"),
    33: _row("json-*-number-nan json-*-number-beyond-all-numbers json-*-number-minus-zero "
             "json-*-number-with-a-fraction json-*-number-beyond-2-to-the-53 json-*-number-of-5000-digits"),
    34: _row("json-*-of-depth-1000 json-*-with-a-lone-surrogate json-*-with-a-bom json-*-in-utf-16",
             ATTACKS + "test_no_depth_of_json_is_a_crash",
             "tests/test_strictjson.py::test_more_bytes_than_allowed_are_a_limit_and_not_parsed"),
    35: _row("base64-*-with-loose-bits base64-*-for-urls base64-*-with-a-line-break "
             "base64-*-without-padding"),
    36: _row("json-*-key-unknown-proto json-*-key-unknown"),
    37: _row("wacz-auth-twice-* wacz-auth-of-another-hash wacz-auth-created-differs "
             "wacz-auth-software-differs datapackage-digest-of-another-file"),
    38: _row("dsse-ml-dsa-signature-of-zeros dsse-signature-of-zeros"),
    39: _row("gzip-two-records-in-one-member gzip-one-record-in-two-members"),
    40: _row("gzip-zeros-* gzip-junk-*"),
    41: _row("gzip-file-name gzip-comment gzip-extra-field gzip-wrong-crc gzip-wrong-size "
             "captured-in-dated-gzip-members",
             "tests/warc/test_imported.py::test_a_deviation_is_noted"),
    42: _row("record-length-* record-cut-short record-without-an-end gzip-cut-short stated-record-missing "
             "imported-archive-cut-short imported-archive-of-two-lengths"),
    43: _row("record-block-digest-* record-payload-digest-* imported-block-digest-wrong "
             "imported-payload-digest-wrong-in-sha1 imported-from-wget imported-without-block-digests"),
    44: _row("revisit-* imported-with-a-revisit*",
             "tests/warc/test_imported.py::test_a_revisit_is_listed_where_its_record_is_there_and_never_content"),
    45: _row("index-*"),
    46: _row("page-* pages-*"),
    47: _row("two-answers-of-one-url-at-one-moment imported-page-of-two-answers "
             "record-header-with-line-feeds record-header-folded record-url-in-brackets "
             "captured-with-an-odd-head imported-from-wget"),
    48: _row("statement-capture* manifest-* complete-* imported-and-complete statement-origin-imported"),
    66: _row("identity-name-* member-name-has-a-nul",
             CLI + "test_hostile_text.py::test_an_evil_bundle_has_no_power",
             CLI + "test_hostile_text.py::test_a_broken_evil_bundle_has_no_power",
             "tests/test_escape.py::test_no_text_has_power_over_a_terminal"),
    69: _row("",
             CLI + "test_bad_input.py::test_an_input_that_is_no_regular_file_is_a_usage_error",
             "tests/verify/test_opened_once.py::test_a_file_written_to_while_it_is_read_fails",
             "tests/verify/test_opened_once.py::test_a_file_put_in_its_place_is_not_looked_at"),
    70: _row("",
             "tests/verify/test_isolation.py::test_verify_loads_no_network_library_and_touches_nothing",
             "tests/verify/test_isolation.py::test_a_failing_bundle_touches_nothing_either",
             "tests/verify/test_opened_once.py::test_what_a_page_refers_to_is_not_asked_for"),
    71: _row("version-*"),
}  # fmt: skip
