"""The fault campaign: what the package promises, under kills, failing servers and full disks."""
