"""What a setting is refused with."""

import pytest
from django.core.exceptions import ImproperlyConfigured

PASSWORD = "pa55-word"


def refusal(call) -> str:
    """The message that a setting is refused with; it, and what led to it, must not show the password."""
    with pytest.raises(ImproperlyConfigured) as caught:
        call()
    error = caught.value
    assert PASSWORD not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)
