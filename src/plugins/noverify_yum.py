"""mock's plugin for yum 3: a transaction is not gone through once more after it.

In force when MOCK_NOVERIFY is set. Works with Python 2 as well, which yum 3 is written in.
"""

import os
import sys

from yum.plugins import TYPE_CORE

requires_api_version = "2.3"
plugin_type = (TYPE_CORE,)


def init_hook(conduit):
    if not os.environ.get("MOCK_NOVERIFY"):
        return
    try:
        base = conduit._base
        if not callable(base.verifyTransaction):
            raise TypeError("verifyTransaction cannot be called")
        base.verifyTransaction = lambda *_, **__: None
    except Exception as error:
        sys.stderr.write("mock: noverify is left out: %s: %s\n" % (type(error).__name__, error))
