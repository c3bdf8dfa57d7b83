"""Runs kagsync at regular times with cron, systemd or Windows Task Scheduler."""
