"""`settings.testing`: switches for test suites."""

from typing import Any

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class TestingSettings(PrefectBaseSettings, path="testing"):
    """Switches for test suites."""

    __test__ = False  # pytest must not take the name for a test

    test_mode: bool = setting(False, "The process is running tests.", aliases=("PREFECT_TEST_MODE",))
    unit_test_mode: bool = setting(
        False, "The process is running this library's own tests.", aliases=("PREFECT_UNIT_TEST_MODE",)
    )
    unit_test_loop_debug: bool = setting(
        True,
        "Event loops of this library's own tests run in debug mode.",
        aliases=("PREFECT_UNIT_TEST_LOOP_DEBUG",),
    )
    test_setting: Any = setting(
        "FOO", "Has no effect; for testing settings.", aliases=("PREFECT_TEST_SETTING",)
    )
