"""Whole lives of leads a second beside the bare shape, and dial lateness beside a cron job."""
