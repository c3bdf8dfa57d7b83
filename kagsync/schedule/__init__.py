"""Runs kagsync at regular times with cron, systemd, launchd or Windows Task Scheduler."""
