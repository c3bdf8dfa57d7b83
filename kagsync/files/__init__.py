"""Files and folders: written whole, to the right owner, and never in place of something precious."""
