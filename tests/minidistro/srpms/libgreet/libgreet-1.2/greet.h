#ifndef GREET_H
#define GREET_H

/* Writes a greeting for name to stdout; returns the number of characters. */
int greet(const char *name);

#endif
