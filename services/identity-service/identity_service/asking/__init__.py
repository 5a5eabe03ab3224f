"""What strangers ask for, written down at the door and looked up afterwards."""
