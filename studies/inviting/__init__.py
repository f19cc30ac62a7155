"""An invitation's link and how it reaches people: shown again, as a QR code, poster, e-mail and list of personal links, and what to type at recruitment sites."""
