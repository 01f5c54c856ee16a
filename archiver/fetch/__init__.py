"""The one recorder that owns every socket, and the page walk on top of it."""
