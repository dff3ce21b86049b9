"""Contoso's widgets: each module here is one."""
