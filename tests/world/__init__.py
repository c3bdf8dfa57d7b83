"""What tests run against: boards, a Kaggle on this machine, listeners, processes that are killed."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DATABASES = ROOT / "tests" / "databases"  # one of each schema that ever landed, and the boards in them
REAL_BOARDS = ROOT.parent / "shared" / "boards"
