"""Other ways to train the same nets, a file for each; each is installed by the extra `bench`."""
