"""The official `kaggle` command, asking this machine instead of Kaggle; run with its environment's Python.

The command always talks to production: of `KAGGLE_API_ENVIRONMENT` it honours LOCALHOST alone, which is port
80. So the one address it knows is replaced before it starts, unless a proxy leads from there to this machine.
What this imports it would import anyway, and the rest is what the installed `kaggle` script does.
"""

import os
import sys

from kagglesdk import kaggle_env

if os.environ["KAGGLE_API_ENVIRONMENT"] == "TEST":
    kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = "http://localhost:7777/api"

from kaggle.cli import main  # it logs in while it is imported

sys.exit(main())
