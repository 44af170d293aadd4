"""Projects of their own, one for each family of hosts. ``test_hosts`` runs each in a process."""
