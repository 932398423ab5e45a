#include <ncurses.h>
#include <stdio.h>

int main(void)
{
    puts(curses_version());
    return 0;
}
