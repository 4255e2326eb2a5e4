"""``./leadline demo``: every lead of a file is called, by the simulator, for everyone to see."""
