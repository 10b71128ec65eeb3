"""strace text to typed events with the kernel's names. Pure."""
