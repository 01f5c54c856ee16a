"""The demonstration: an invented news site on loopback, saved, shown, verified and tampered with."""
