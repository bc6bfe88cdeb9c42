"""Django's PostgreSQL backend, with a limit on how long anybody waits for the server: the ENGINE of DATABASES."""
