"""The formats of coverage reports. Each module renders one format as a string, and writes nothing."""
