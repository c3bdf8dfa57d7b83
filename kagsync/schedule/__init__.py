"""It runs by itself: `kagsync sync --all` on a schedule of cron, systemd or Windows Task Scheduler."""
