"""What a WSGI server loads: `gunicorn wsgi:app`, `flask --app wsgi run`."""

from widgets import create_app

app = create_app()
