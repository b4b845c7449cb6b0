"""The storage and loading of values between steps and runs: I/O managers."""
