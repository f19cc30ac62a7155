"""How faithful a map is, how well it localises, and whether it depends on the network."""
