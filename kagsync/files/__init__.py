"""Files, folders, locks and rights: files are written completely and replace nothing valuable."""
