"""What an agent could reach from its sandbox: nothing."""
