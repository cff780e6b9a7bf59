"""The command line: arguments to settings, one call, exit status. The only place that prints."""
