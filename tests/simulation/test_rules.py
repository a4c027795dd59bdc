"""The parts of the simulation keep the rules of what they stand for: each passes its port's contract test."""
