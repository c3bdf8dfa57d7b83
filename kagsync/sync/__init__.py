"""The work that cron starts: fetch, process and clean up each competition, then report and notify."""
