"""The demonstration: a seeded fortnight of a centre, played through the channel contract and then reckoned up."""
