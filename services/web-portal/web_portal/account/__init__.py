"""My account: details, password, e-mail address, second factors, sessions."""
