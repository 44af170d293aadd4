"""An app of a host that makes models attachable whose classes it cannot edit."""
