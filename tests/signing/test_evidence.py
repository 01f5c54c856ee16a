from __future__ import annotations

import pytest

from archiver.errors import FormatError, LimitError
from archiver.signing.evidence import check_shape


def test_the_types_come_back_in_order() -> None:
    assert check_shape([]) == ()
    assert check_shape([{"type": "rfc3161", "token": "QQ=="}, {"type": "of the future"}]) == (
        "rfc3161",
        "of the future",
    )


@pytest.mark.parametrize("value", [None, {}, "x", [1], [[]], [{}], [{"type": 1}], [{"type": "x"}, None]])
def test_another_shape_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        check_shape(value)


def test_a_thousand_entries_are_the_limit() -> None:
    assert len(check_shape([{"type": "x"}] * 1000)) == 1000
    with pytest.raises(LimitError):
        check_shape([{"type": "x"}] * 1001)
