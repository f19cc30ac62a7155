"""Sites that send people and take them back: the ids that come in, the signature that vouches for them, and the ways back."""
