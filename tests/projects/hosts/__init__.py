"""Two hosts in one project, each with routes, an issuer and an audience of its own, and Django REST framework."""
