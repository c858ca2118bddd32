"""What the use cases need from outside, as Protocols in the use cases' words, and the errors those may raise."""
