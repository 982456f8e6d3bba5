"""What people say about licences. Each is one transaction: check, write, record, tell, have judged again."""
