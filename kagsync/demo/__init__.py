"""`kagsync demo`: the main job on sample boards, with no account and no network."""
