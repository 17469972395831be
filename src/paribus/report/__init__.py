"""From records to pages a reader can trust."""
