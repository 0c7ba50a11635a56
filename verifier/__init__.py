"""A service for employers and for everybody who scans a QR link."""
