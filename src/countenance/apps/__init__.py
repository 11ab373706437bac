"""What a person reaches after login: plug-ins found by the entry-point group `countenance.apps`."""
