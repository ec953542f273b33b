"""A grown shop: its own users, by e-mail and deleted softly; Django REST framework; permissions on single rows."""
