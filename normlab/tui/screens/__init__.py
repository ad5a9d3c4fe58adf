"""The lab's screens: one mode each, and the dialogs above them."""
