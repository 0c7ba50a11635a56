"""What an operator runs beside the services: checks, backups, restores."""
