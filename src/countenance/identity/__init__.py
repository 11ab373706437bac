"""Who may come in: users, passwords, templates, sessions, pending ceremonies, the audit trail.

`interfaces` says what each service does; the modules beside implement it over SQLAlchemy.
"""
