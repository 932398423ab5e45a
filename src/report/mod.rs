//! What the user and other programs read: console, log files, progress, causes of failures.
