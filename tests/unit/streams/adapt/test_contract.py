from streams.adapt.contract import address, elements, inside, listed, long_text, mapping, text


def test_a_text_out_of_its_bounds_is_unknown_rather_than_cut() -> None:
    assert [text("x" * 256), text("x" * 257), text(""), text(5), text(None)] == ["x" * 256, None, None, None, None]
    assert long_text("x" * 4096) == "x" * 4096
    assert long_text("x" * 4097) is None


def test_only_addresses_are_addresses() -> None:
    assert address("192.0.2.1") == "192.0.2.1"
    assert address("2001:db8::1") == "2001:db8::1"
    assert [address(one) for one in ("s3.amazonaws.com", "AWS Internal", "225.01.00.16", 7, None, "1" * 99)] == [
        None
    ] * 6


def test_values_of_the_wrong_shape_are_empty() -> None:
    assert mapping([1]) == {}
    assert listed(None) == []
    assert listed("x") == ["x"]
    assert inside({"a": {"b": 1}}, "a", "b") == 1
    assert inside({"a": "text"}, "a", "b") is None


def test_lists_are_found_however_they_are_wrapped() -> None:
    one = {"id": 1}

    assert elements({"items": [one]}) == [one]
    assert elements({"item": one}) == [one]
    assert elements([one, "text"]) == [one]
    assert elements(None) == []
